package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Files of the signing key's folder.
const (
	publicKey = "public.asc"
	secretKey = "secret.asc"
)

// signingKey returns the folder of the key that signs the repositories. It is made here, protects nothing, and so has no
// passphrase.
func (a *Assets) signingKey(ctx context.Context) (string, error) {
	return a.cache.ensure(ctx, asset{
		name:    "signing-key",
		usually: time.Second,
		inputs:  []string{signer},
		build: func(ctx context.Context, dir string) error {
			return withGPG(ctx, func(gpg func(args ...string) error) error {
				return errors.Join(
					gpg("--passphrase", "", "--quick-generate-key", signer, "rsa3072", "sign", "never"),
					gpg("--armor", "--output", filepath.Join(dir, publicKey), "--export"),
					gpg("--armor", "--output", filepath.Join(dir, secretKey), "--export-secret-keys"))
			})
		},
	})
}

// sign writes the clear-signed copy of a file.
func sign(ctx context.Context, key, path, signed string) error {
	return withGPG(ctx, func(gpg func(args ...string) error) error {
		if err := gpg("--import", filepath.Join(key, secretKey)); err != nil {
			return err
		}
		return gpg("--yes", "--output", signed, "--clearsign", path)
	})
}

// withGPG calls use with a gpg that has a key ring of its own, and ends the agent that gpg starts for it.
func withGPG(ctx context.Context, use func(gpg func(args ...string) error) error) error {
	home, err := os.MkdirTemp("", "hostler-gpg-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(home)
	run := func(argv ...string) error {
		cmd := newCommand(ctx, argv...)
		cmd.Env = append(os.Environ(), "GNUPGHOME="+home)
		_, err := outputOf(ctx, cmd)
		return err
	}
	err = use(func(args ...string) error {
		return run(append([]string{"gpg", "--batch", "--pinentry-mode", "loopback"}, args...)...)
	})
	if err != nil {
		err = fmt.Errorf("signing: %w", err)
	}
	return errors.Join(err, run("gpgconf", "--kill", "all"))
}
