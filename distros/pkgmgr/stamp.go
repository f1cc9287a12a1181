package pkgmgr

import "github.com/hostler-dev/hostler/steps/host"

// RPMStamp tells one state of rpm's database from the next: it is another text
// whenever a package came or went. What was asked of packages need not be asked
// again while it stays. It is an error that wraps fs.ErrNotExist to have no database.
func RPMStamp(v host.View) (string, error) { return rpmStamp(v) }
