package containerd

import "testing"

func TestAReleaseServesAKubeletOnlyIfItSpeaksItsCRI(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		release Release
		minor   int
		serves  bool
	}{
		{Release{1, 4}, 25, true},
		{Release{1, 4}, 26, false},
		{Release{1, 5}, 36, false},
		{Release{1, 6}, 36, true},
		{Release{2, 1}, 36, true},
		{Release{}, 36, true},    // nobody knows yet; asked again when it is
		{Release{1, 4}, 0, true}, // no kubelet
	} {
		if err := c.release.serves(c.minor); (err == nil) != c.serves {
			t.Errorf("containerd %s with a kubelet 1.%d: got %v, want it to serve: %t", c.release, c.minor, err, c.serves)
		}
	}
}
