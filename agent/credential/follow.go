package credential

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is how long files must be left alone before they count as changed: a kubelet that rotates writes, links and renames.
const settle = 200 * time.Millisecond

// recheck is how often files are looked at where the kernel does not tell, because this process may watch no more.
const recheck = 10 * time.Second

// Follow calls changed once at the start and then, until ctx ends, whenever files may have other contents, or have come
// or gone. files lists them anew each time, as paths that this process sees; they are followed by the folders that they are
// in, because such files are replaced and not written to.
func Follow(ctx context.Context, files func() []string, changed func()) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		poll(ctx, files, changed)
		return
	}
	defer func() { _ = watcher.Close() }()
	quiet := time.NewTimer(0)
	defer quiet.Stop()
	seen := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-watcher.Events:
			quiet.Reset(settle)
		case lost := <-watcher.Errors: // such as events that did not fit: look again
			if lost != nil {
				quiet.Reset(settle)
			}
		case <-quiet.C:
			list := files()
			if !watch(watcher, list) {
				quiet.Reset(recheck)
			}
			// After the folders are watched, so that nothing slips in between.
			if now := look(list); now != seen {
				seen = now
				changed()
			}
		}
	}
}

// poll is Follow where the kernel gives no watcher.
func poll(ctx context.Context, files func() []string, changed func()) {
	again := time.NewTicker(recheck)
	defer again.Stop()
	for seen := ""; ; {
		if now := look(files()); now != seen {
			seen = now
			changed()
		}
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
	}
}

// watch watches the folders that the files are in, or for one that is not there yet the nearest above it, and no others. It tells
// whether it could.
func watch(watcher *fsnotify.Watcher, files []string) (whole bool) {
	whole = true
	wanted := map[string]bool{}
	for _, file := range files {
		folder := filepath.Dir(file)
		err := watcher.Add(folder)
		for errors.Is(err, fs.ErrNotExist) && folder != filepath.Dir(folder) {
			missing := folder
			folder = filepath.Dir(folder)
			err = watcher.Add(folder)
			if _, made := os.Stat(missing); made == nil {
				whole = false // just before its coming would have been told
			}
		}
		wanted[folder] = true
		whole = whole && err == nil
	}
	for _, folder := range watcher.WatchList() {
		if !wanted[folder] {
			_ = watcher.Remove(folder)
		}
	}
	return whole
}

// look is a text that is another one when a file is another one. Links count with where they lead.
func look(files []string) string {
	text := ""
	for _, file := range files {
		link, _ := os.Readlink(file)
		info, err := os.Stat(file)
		if err != nil {
			info = nil
		}
		text += fmt.Sprintf("%s %s %s\n", file, link, version(info))
	}
	return text
}

func version(info fs.FileInfo) string {
	if info == nil {
		return "absent"
	}
	return fmt.Sprintf("%d %d %v", info.Size(), info.ModTime().UnixNano(), inode(info))
}
