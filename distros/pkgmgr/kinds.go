package pkgmgr

import "github.com/hostler-dev/hostler/steps"

// Kinds are the ops of this package by their names in journals; see op.Kinds.
func Kinds() map[string]steps.Op {
	return map[string]steps.Op{
		"package-install": Install{}, "package-remove": Remove{}, "package-rollback": Rollback{},
		"package-hold": Hold{}, "package-lists-refresh": Refresh{}, "package-lists-drop": DropLists{},
		"package-repair": Repair{}, "package-key-import": ImportKey{}, "package-key-erase": EraseKey{},
	}
}
