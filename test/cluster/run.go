package cluster

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// runsFolder holds a folder for each run: its lock, its files, and notes by which another process can remove what it made.
const runsFolder = "/var/lib/hostler-testbed"

// Run is one use of the assets: a network, a repository server, nodes, and at most one control plane.
type Run struct {
	ID     string       // short; part of the name of everything that the run makes on the machine
	Bridge netip.Prefix // the bridge's address, which the nodes reach as their gateway, with the length of their network

	assets *Assets
	dir    string
	lock   *os.File
	cgroup cgroup
	server *repositoryServer

	work    sync.RWMutex    // held for reading by what makes things on the machine, so that Close can wait for it
	closing context.Context // ends when Close begins
	close   context.CancelCauseFunc

	mu    sync.Mutex
	nodes []*Node
	cp    *ControlPlane
}

// errClosed is that something was asked of a run after Close.
var errClosed = errors.New("the run is closed")

// New starts a run. What dead runs left is removed first. The caller must Close the run, and does well to do so on SIGINT; see
// [Tests] for test packages.
func New(ctx context.Context, assets *Assets) (*Run, error) {
	if err := Sweep(ctx, assets.progress.w); err != nil {
		return nil, err
	}
	r, err := claim(ctx, assets)
	if err != nil {
		return nil, err
	}
	if err := r.setUp(); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	assets.progress.printf("run %s: network %s", r.ID, r.Bridge.Masked())
	return r, nil
}

// setUp makes what a run has before its first node.
func (r *Run) setUp() error {
	if err := allowInotify(); err != nil {
		return err
	}
	own, err := ownCgroup()
	if err != nil {
		return err
	}
	// Noted before it is made, so that a kill in between leaves nothing that cannot be found.
	name := "hostler-" + r.ID
	var planned []string
	for _, path := range own.paths {
		planned = append(planned, filepath.Join(path, name))
	}
	if err := os.WriteFile(filepath.Join(r.dir, "cgroups"), []byte(strings.Join(planned, "\n")), 0o600); err != nil {
		return fmt.Errorf("noting the run's cgroups: %w", err)
	}
	if r.cgroup, err = own.child(name); err != nil {
		return err
	}
	if err := makeBridge(r.bridgeName(), r.Bridge); err != nil {
		return err
	}
	r.server, err = serveRepositories(r.Bridge.Addr())
	return err
}

// Close ends and removes everything that the run made.
func (r *Run) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	// A test that Ctrl-C ended early may be booting a node just now: whatever it made after this would stay.
	r.close(errClosed)
	r.work.Lock()
	defer r.work.Unlock()
	if r.lock == nil {
		return nil
	}
	unlock, err := lockRuns(ctx) // or a sweep might meet a run that is half gone
	if err != nil {
		return err
	}
	defer unlock()
	for _, node := range r.nodes {
		node.forgetReboots()
	}
	var errs []error
	if r.server != nil {
		errs = append(errs, r.server.close())
	}
	errs = append(errs, removeRun(ctx, r.dir), r.lock.Close())
	r.lock = nil
	return errors.Join(errs...)
}

// begin is called by what makes things on the machine. The context that it returns ends early when the run is closed; the caller
// must call done. It does not nest.
func (r *Run) begin(ctx context.Context) (_ context.Context, done func(), err error) {
	r.work.RLock()
	if r.lock == nil {
		r.work.RUnlock()
		return nil, nil, errClosed
	}
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(r.closing, func() { cancel(errClosed) })
	return ctx, func() {
		stop()
		cancel(nil)
		r.work.RUnlock()
	}, nil
}

// AllowDown lets [Down] end this process, by SIGTERM. It is for clusters that are left up for people, and not for tests.
func (r *Run) AllowDown() error {
	if err := os.WriteFile(filepath.Join(r.dir, "owner"), []byte(strconv.Itoa(os.Getpid())), 0o600); err != nil {
		return fmt.Errorf("noting the owner of run %s: %w", r.ID, err)
	}
	return nil
}

// Dir returns the run's folder. Logs of the control plane are in its logs folder.
func (r *Run) Dir() string { return r.dir }

func (r *Run) bridgeName() string { return bridgeOf(r.ID) }

// bridgeOf returns the name of the bridge of a run.
func bridgeOf(id string) string { return "ho" + id }

// claim takes an id and a network that no other run has. The lock that it holds until Close is what tells a live run from a
// dead one: the kernel gives it back when the process ends, however it ends.
func claim(ctx context.Context, assets *Assets) (*Run, error) {
	unlock, err := lockRuns(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	network, err := freeNetwork()
	if err != nil {
		return nil, err
	}
	random := make([]byte, 2)
	rand.Read(random)
	r := &Run{ID: hex.EncodeToString(random), Bridge: network, assets: assets}
	r.dir = filepath.Join(runsFolder, r.ID)
	r.closing, r.close = context.WithCancelCause(context.Background())
	if err := os.Mkdir(r.dir, 0o700); err != nil {
		return nil, fmt.Errorf("claiming run %s: %w", r.ID, err)
	}
	if r.lock, err = tryLock(r.dir); err != nil {
		return nil, fmt.Errorf("claiming run %s: %w", r.ID, err)
	}
	err = errors.Join(
		os.WriteFile(filepath.Join(r.dir, "network"), []byte(network.String()), 0o600),
		os.Mkdir(filepath.Join(r.dir, "logs"), 0o700))
	if err != nil {
		return nil, fmt.Errorf("claiming run %s: %w", r.ID, err)
	}
	return r, nil
}

// lockRuns keeps other processes from claiming and sweeping meanwhile.
func lockRuns(ctx context.Context) (unlock func(), err error) {
	if err := os.MkdirAll(runsFolder, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of runs: %w", err)
	}
	for {
		lock, err := tryLock(runsFolder)
		if err == nil {
			return func() { lock.Close() }, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, err
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return nil, fmt.Errorf("waiting for another run to start: %w", err)
		}
	}
}

// tryLock takes the lock of a folder. It answers unix.EWOULDBLOCK when somebody has it.
func tryLock(dir string) (*os.File, error) {
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("locking %s: %w", dir, err), lock.Close())
	}
	return lock, nil
}
