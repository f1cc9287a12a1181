//go:build cluster

package cluster

import ("testing";"time";"os/exec")

func TestZZ(t *testing.T) {
	for i := range 14 {
	node := bootNode(t, shared, NodeConfig{})
	node.WriteFile(t.Context(), "/etc/kept", "before\n", 0o640)
		s := time.Now()
		done := make(chan error,1)
		go func() { done <- node.Reboot(t.Context()) }()
		select {
		case err := <-done:
			t.Log(i, time.Since(s), err)
			if err != nil { t.Fatal(err) }
		case <-time.After(20*time.Second):
			init, err := node.power.firstProcess()
			t.Log("HANG", init, err, node.power.pid)
			out, _ := node.Output(t.Context(), "journalctl", "-b", "-n", "40", "--no-pager")
			t.Log(out)
			out, e := node.Output(t.Context(), "sh", "-c", "systemctl list-jobs; ps axf; systemctl is-system-running")
			t.Log(out, e)
			b, _ := exec.Command("sh", "-c", "ps axo pid,ppid,stat,wchan:20,args | grep -v '\\['| tail -60; cat "+node.power.console).CombinedOutput()
			t.Log(string(b))
			t.FailNow()
		}
	}
}
