package repositories_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/distros/pkgmgr"
	"github.com/hostler-dev/hostler/distros/pkgmgr/apttest"
	"github.com/hostler-dev/hostler/distros/pkgmgr/repository"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/repositories"
	"github.com/hostler-dev/hostler/steps/steptest"
)

const armour = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDMEZ\n-----END PGP PUBLIC KEY BLOCK-----\n"

var (
	dirs       = repository.Dirs{Sources: "/etc/apt/sources.list.d", Keys: "/etc/apt/keyrings"}
	kubernetes = repository.Spec{Name: "kubernetes", URL: "https://pkgs.k8s.io/core:/stable:/v1.36/deb", Suite: "/", Key: []byte(armour)}
	company    = repository.Spec{Name: "company", URL: "http://mirror.example/debian", Suite: "bookworm", Components: []string{"main"}, KeyFile: "/usr/share/keyrings/company.gpg"}
)

// published makes a repository of the world from its description.
func published(spec repository.Spec) apttest.Repository {
	return apttest.Repository{Source: spec.SourcePath(dirs), Lists: spec.Lists()}
}

func debian(more ...hosttest.Option) *hosttest.Fake {
	companyKey := hosttest.File(company.KeyFile, "binary key")
	return hosttest.New(append([]hosttest.Option{apttest.Debian(nil, published(kubernetes), published(company)), companyKey}, more...)...)
}

// described is a host where the repository is in order but for its lists.
func described(spec repository.Spec) hosttest.Option {
	return func(f *hosttest.Fake) {
		f.Change(hosttest.File(spec.SourcePath(dirs), string(spec.SourceContent(dirs))))
		if key, err := spec.KeyContent(dirs); key != nil && err == nil {
			f.Change(hosttest.File(spec.KeyPath(dirs), string(key)))
		}
	}
}

func fetched(spec repository.Spec) hosttest.Option {
	return hosttest.File("/var/lib/apt/lists/"+spec.Lists().Prefix+"InRelease", "signed\n")
}

func newStep(t *testing.T, specs ...repository.Spec) repositories.Step {
	t.Helper()
	step, err := repositories.New(repositories.Spec{Manager: distros.Apt, Dirs: dirs, Repositories: specs})
	if err != nil {
		t.Fatal(err)
	}
	return step
}

func TestStep(t *testing.T) {
	older := kubernetes
	older.URL = "https://pkgs.k8s.io/core:/stable:/v1.35/deb"
	cases := map[string]struct {
		golden string
		host   func() *hosttest.Fake
	}{
		"describes and fetches what is not there": {"bare", func() *hosttest.Fake { return debian() }},
		"leaves what is in order alone": {"converged", func() *hosttest.Fake {
			return debian(described(kubernetes), described(company), fetched(kubernetes), fetched(company))
		}},
		"fetches lists that were never fetched": {"unfetched", func() *hosttest.Fake {
			return debian(described(kubernetes), described(company), fetched(company))
		}},
		"follows a repository that moved, and only that one": {"moved", func() *hosttest.Fake {
			return debian(described(older), fetched(older), described(company), fetched(company))
		}},
		"repairs a key that somebody changed": {"key", func() *hosttest.Fake {
			f := debian(described(kubernetes), described(company), fetched(kubernetes), fetched(company))
			f.Change(hosttest.File(kubernetes.KeyPath(dirs), "another key\n"))
			return f
		}},
		"writes the files of an image and fetches nothing": {"image", func() *hosttest.Fake { return debian(hosttest.Image()) }},
		"writes the files of an image that has no key yet": {"image-without-key", func() *hosttest.Fake {
			return debian(hosttest.Image(), hosttest.Absent(company.KeyFile))
		}},
	}
	for name, c := range cases {
		steptest.Run(t, steptest.Case{
			Name: name, Golden: "testdata/" + c.golden + ".golden", Host: c.host,
			Step:  func() steps.Step { return newStep(t, kubernetes, company) },
			Kinds: []map[string]steps.Op{pkgmgr.Kinds()},
		})
	}
}

func TestPlanNeedsTheKeyFile(t *testing.T) {
	t.Parallel()
	f := debian(hosttest.Absent(company.KeyFile))
	_, err := newStep(t, company).Plan(t.Context(), f)
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), company.KeyFile) || !strings.Contains(err.Error(), "repository company") {
		t.Errorf("got %v want fs.ErrNotExist that names the repository and the file", err)
	}
}

func TestNewReportsAllMistakes(t *testing.T) {
	t.Parallel()
	broken := kubernetes
	broken.Key = nil
	_, err := repositories.New(repositories.Spec{Manager: distros.Apt, Dirs: dirs, Repositories: []repository.Spec{broken, kubernetes}})
	if err == nil || !strings.Contains(err.Error(), "no key") || !strings.Contains(err.Error(), "two have this name") {
		t.Errorf("got %v want both mistakes", err)
	}
	if _, err := repositories.New(repositories.Spec{Manager: "pacman"}); err == nil {
		t.Error("got no error for a package manager that is not supported")
	}
}

func TestRefreshSaysWhatIsWrongWithARepository(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		complaint string
		want      error
		says      string
	}{
		"unreachable": {"E: Failed to fetch http://mirror.example/debian/dists/bookworm/InRelease  Could not resolve 'mirror.example'\n",
			pkgmgr.ErrUnreachable, "http://mirror.example/debian/dists/bookworm/InRelease"},
		"bad signature": {"W: GPG error: http://mirror.example/debian bookworm InRelease: The following signatures were invalid: BADSIG 0123 x\n" +
			"E: The repository 'http://mirror.example/debian bookworm InRelease' is not signed.\n", pkgmgr.ErrSignature, "BADSIG 0123"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad := published(company)
			bad.Complaint = c.complaint
			f := hosttest.New(apttest.Debian(nil, bad), hosttest.File(company.KeyFile, "key"), described(company))
			ops, err := newStep(t, company).Plan(t.Context(), f)
			if err != nil || len(ops) != 1 {
				t.Fatalf("got %v, %v want the refresh alone", ops, err)
			}
			err = ops[0].Do(t.Context(), f)
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "repository company") {
				t.Errorf("got %v want %v that says %q and names the repository", err, c.want, c.says)
			}
		})
	}
}
