package kubelet

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"strings"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// packages is a package manager whose database is a folder of version files.
type packages struct{}

const packageFolder = "/var/lib/packages"

const unitFile = "[Unit]\nDescription=kubelet\n[Service]\nExecStart=/usr/bin/kubelet\nRestart=always\n[Install]\nWantedBy=multi-user.target\n"

func (packages) Installed(_ context.Context, v host.View, name string) (string, error) {
	content, err := v.ReadFile(path.Join(packageFolder, name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(content), err
}

func (p packages) Plan(ctx context.Context, v host.View, wish PackageWish) ([]steps.Op, error) {
	installed, err := p.Installed(ctx, v, wish.Name)
	if err != nil || installed == wish.Version+"-1.1" {
		return nil, err
	}
	return []steps.Op{install{Package: wish.Name, From: installed, To: wish.Version + "-1.1", Cost: wish.ChangeCost, Why: strings.Join(wish.Why, "; ")}}, nil
}

// install brings a package to a version, or removes it where To is empty.
type install struct {
	Package, From, To, Why string
	Cost                   steps.Impact
}

func (o install) Key() string { return "package:" + o.Package }

func (o install) Impact() steps.Impact { return o.Cost }

func (o install) Diff() steps.Diff {
	diff := steps.Diff{Action: "install", From: o.From, To: o.To}
	if o.Why != "" {
		diff.Notes = []string{o.Why}
	}
	return diff
}

func (o install) Inverse(ctx context.Context, v host.View) (steps.Op, error) {
	installed, err := packages{}.Installed(ctx, v, o.Package)
	return install{Package: o.Package, From: o.To, To: installed}, err
}

func (o install) Do(ctx context.Context, h host.Host) error {
	database, unit := path.Join(packageFolder, o.Package), path.Join("/usr/lib/systemd/system", UnitName)
	isKubelet := o.Package == "kubelet"
	if o.To == "" {
		if isKubelet && h.Live() { // as the package's own scripts do
			if err := h.UnitJob(ctx, UnitName, host.JobStop); err != nil {
				return err
			}
		}
		if isKubelet {
			if err := h.Remove(unit); err != nil {
				return err
			}
		}
		return h.Remove(database)
	}
	if isKubelet {
		if err := h.WriteFile(unit, []byte(unitFile), host.Attr{Mode: 0o644}); err != nil {
			return err
		}
	}
	return h.WriteFile(database, []byte(o.To), host.Attr{Mode: 0o644})
}

// warnsOnly is a package manager that installs nothing, as in an image.
type warnsOnly struct{ packages }

func (warnsOnly) Plan(_ context.Context, _ host.View, wish PackageWish) ([]steps.Op, error) {
	return nil, steps.Warning("%s is missing", wish.Name)
}
