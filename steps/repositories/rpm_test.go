package repositories_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/distros/pkgmgr"
	"github.com/hostler-dev/hostler/distros/pkgmgr/dnftest"
	"github.com/hostler-dev/hostler/distros/pkgmgr/repository"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/repositories"
	"github.com/hostler-dev/hostler/steps/steptest"
)

// Keys that gpg made, without the names and signatures that follow.
const (
	kubernetesKey = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n" +
		"mDMEawJp/hYJKwYBBAHaRw8BAQdAsR4IFAXJI6Xh9wh3fYaLTUXFD9CtrUcKh6xzqnYkKbA=\n-----END PGP PUBLIC KEY BLOCK-----\n"
	companyKey = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n" +
		"mDMEawJr5xYJKwYBBAHaRw8BAQdAuuGanCiVu5NinTIlXKzchP+qaQxsIxNOGL85BE2Qo/U=\n-----END PGP PUBLIC KEY BLOCK-----\n"
)

var (
	rpmDirs       = repository.Dirs{Sources: "/etc/yum.repos.d", Keys: "/etc/pki/rpm-gpg"}
	rpmKubernetes = repository.Spec{Format: repository.RPM, Name: "kubernetes", URL: "https://pkgs.k8s.io/core:/stable:/v1.36/rpm/", Key: []byte(kubernetesKey)}
	rpmCompany    = repository.Spec{Format: repository.RPM, Name: "company", URL: "http://mirror.example/el/$basearch", KeyFile: "/etc/pki/rpm-gpg/RPM-GPG-KEY-company"}
)

// rpmHost is a host in whose world there are both repositories.
func rpmHost(d dnftest.Distribution, more ...hosttest.Option) *hosttest.Fake {
	published := func(spec repository.Spec) dnftest.Repository {
		return dnftest.Repository{ID: spec.Name, Source: spec.SourcePath(rpmDirs)}
	}
	return hosttest.New(append([]hosttest.Option{
		d.Host(nil, published(rpmKubernetes), published(rpmCompany)), hosttest.File(rpmCompany.KeyFile, companyKey),
	}, more...)...)
}

func rpmDescribed(specs ...repository.Spec) hosttest.Option {
	return func(f *hosttest.Fake) {
		for _, spec := range specs {
			f.Change(hosttest.File(spec.SourcePath(rpmDirs), string(spec.SourceContent(rpmDirs))))
			if key, err := spec.KeyContent(rpmDirs); key != nil && err == nil {
				f.Change(hosttest.File(spec.KeyPath(rpmDirs), string(key)))
			}
		}
	}
}

func newRPMStep(t *testing.T, d dnftest.Distribution) repositories.Step {
	t.Helper()
	step, err := repositories.New(repositories.Spec{Manager: d.Manager, Dirs: rpmDirs, Repositories: []repository.Spec{rpmKubernetes, rpmCompany}})
	if err != nil {
		t.Fatal(err)
	}
	return step
}

func TestStepOnRPMHosts(t *testing.T) {
	older := rpmKubernetes
	older.URL = "https://pkgs.k8s.io/core:/stable:/v1.35/rpm/"
	for _, d := range []dnftest.Distribution{dnftest.EL9, dnftest.EL7} {
		kubernetes, company := d.Fetched(rpmKubernetes.Name), d.Fetched(rpmCompany.Name)
		trusted := d.Trusted(kubernetesKey + companyKey)
		cases := map[string]struct {
			golden string
			host   func() *hosttest.Fake
		}{
			"describes and fetches what is not there": {"bare", func() *hosttest.Fake { return rpmHost(d) }},
			"leaves what is in order alone": {"converged", func() *hosttest.Fake {
				return rpmHost(d, rpmDescribed(rpmKubernetes, rpmCompany), kubernetes, company, trusted)
			}},
			"trusts a key that somebody took away, and only that one": {"distrusted", func() *hosttest.Fake {
				return rpmHost(d, rpmDescribed(rpmKubernetes, rpmCompany), kubernetes, company, d.Trusted(kubernetesKey))
			}},
			"fetches lists that were never fetched": {"unfetched", func() *hosttest.Fake {
				return rpmHost(d, rpmDescribed(rpmKubernetes, rpmCompany), company, trusted)
			}},
			"follows a repository that moved, and only that one": {"moved", func() *hosttest.Fake {
				return rpmHost(d, rpmDescribed(older, rpmCompany), kubernetes, company, trusted)
			}},
			"writes the files of an image and fetches nothing": {"image", func() *hosttest.Fake { return rpmHost(d, hosttest.Image()) }},
		}
		for name, c := range cases {
			steptest.Run(t, steptest.Case{
				Name: d.Name + ": " + name, Golden: "testdata/" + strings.ToLower(d.Name) + "/" + c.golden + ".golden", Host: c.host,
				Step:  func() steps.Step { return newRPMStep(t, d) },
				Kinds: []map[string]steps.Op{pkgmgr.Kinds()},
			})
		}
	}
}

// TestRefreshOfRPMsSaysWhatIsWrong: of the repository alone that is refreshed.
func TestRefreshOfRPMsSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, d := range []dnftest.Distribution{dnftest.EL9, dnftest.EL7} {
		f := rpmHost(d, rpmDescribed(rpmKubernetes, rpmCompany), d.Fetched(rpmKubernetes.Name), d.Trusted(kubernetesKey+companyKey), dnftest.Offline())
		ops, err := newRPMStep(t, d).Plan(t.Context(), f)
		if err != nil || len(ops) != 1 {
			t.Fatalf("%s: got %v, %v want the refresh of one", d.Name, ops, err)
		}
		err = ops[0].Do(t.Context(), f)
		if !errors.Is(err, pkgmgr.ErrUnreachable) || !strings.Contains(err.Error(), "repository company") {
			t.Errorf("%s: got %v want ErrUnreachable that names the repository", d.Name, err)
		}
	}
}
