package cluster

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// Images that a node can import; no registry serves them. The host name exists nowhere, so nothing can be pulled by mistake.
const (
	PauseImage = "hostler.test/pause:1" // for the CRI's sandbox image
	WebImage   = "hostler.test/web:1"   // HTTP on port 8080
)

// ImageArchive is a file that `ctr -n k8s.io images import` and `docker load` take.
type ImageArchive struct {
	Name string // reference that it gets
	Path string
}

// Images returns the archives of [PauseImage] and [WebImage].
func (a *Assets) Images(ctx context.Context) ([]ImageArchive, error) {
	pause, err := a.image(ctx, "pause", PauseImage)
	if err != nil {
		return nil, err
	}
	web, err := a.image(ctx, "web", WebImage)
	return []ImageArchive{{Name: PauseImage, Path: pause}, {Name: WebImage, Path: web}}, err
}

// image returns the archive of an image that holds nothing but one program of the images folder.
func (a *Assets) image(ctx context.Context, program, name string) (string, error) {
	source := filepath.Join(a.checkout, "test", "cluster", "images", program)
	content, err := os.ReadFile(filepath.Join(source, "main.go"))
	if err != nil {
		return "", fmt.Errorf("reading the source of image %s: %w", name, err)
	}
	dir, err := a.cache.ensure(ctx, asset{
		name:    "image-" + program,
		usually: 5 * time.Second,
		inputs:  []string{runtime.Version(), runtime.GOARCH, name, string(content)},
		build: func(ctx context.Context, dir string) error {
			binary := filepath.Join(dir, program)
			if err := goBuild(ctx, source, binary, "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "."); err != nil {
				return err
			}
			return writeImage(filepath.Join(dir, "image.tar"), name, binary)
		},
	})
	return filepath.Join(dir, "image.tar"), err
}

// writeImage writes an archive in the format of docker save, which every runtime imports: a layer, the configuration, and
// a manifest that names both.
func writeImage(path, name, binary string) error {
	program, err := os.ReadFile(binary)
	if err != nil {
		return err
	}
	entrypoint := "/" + filepath.Base(binary)
	layer, err := tarOf(tarFile{entrypoint[1:], program})
	if err != nil {
		return err
	}
	digest := sha256.Sum256(layer)
	config, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH,
		"os":           "linux",
		"config":       map[string]any{"Entrypoint": []string{entrypoint}, "User": "65534:65534"},
		"rootfs":       map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + hex.EncodeToString(digest[:])}},
	})
	if err != nil {
		return err
	}
	manifest, err := json.Marshal([]map[string]any{{
		"Config": "config.json", "RepoTags": []string{name}, "Layers": []string{"layer.tar"},
	}})
	if err != nil {
		return err
	}
	archive, err := tarOf(tarFile{"manifest.json", manifest}, tarFile{"config.json", config}, tarFile{"layer.tar", layer})
	if err != nil {
		return err
	}
	return os.WriteFile(path, archive, 0o644)
}

type tarFile struct {
	name    string
	content []byte
}

func tarOf(files ...tarFile) ([]byte, error) {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, file := range files {
		if err := w.WriteHeader(&tar.Header{Name: file.name, Mode: 0o755, Size: int64(len(file.content))}); err != nil {
			return nil, err
		}
		if _, err := w.Write(file.content); err != nil {
			return nil, err
		}
	}
	return buf.Bytes(), w.Close()
}
