package kubelet

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAutoReservation(t *testing.T) {
	t.Parallel()
	const gibibyte = 1 << 30
	cases := map[string]struct {
		cpus        int
		memory      int64
		cpu, wanted string
	}{
		"below 1 GiB":               {1, gibibyte - 1, "60m", "255Mi"},
		"1 GiB":                     {2, gibibyte, "70m", "256Mi"},
		"4 GiB":                     {3, 4 * gibibyte, "75m", "1024Mi"},
		"8 GiB: 1024 + 820":         {4, 8 * gibibyte, "80m", "1844Mi"}, // 819.2 rounded up
		"16 GiB: and 820":           {5, 16 * gibibyte, "83m", "2663Mi"},
		"128 GiB: and 6882":         {8, 128 * gibibyte, "90m", "9544Mi"},
		"256 GiB: and 2622":         {64, 256 * gibibyte, "230m", "12166Mi"},
		"an amount between":         {2, 8011000 * 1024, "70m", "1770Mi"},
		"a byte over is a MiB over": {1, 4*gibibyte + 1, "60m", "1025Mi"},
	}
	for name, c := range cases {
		want := map[string]string{"cpu": c.cpu, "memory": c.wanted}
		if diff := cmp.Diff(want, AutoReservation(c.cpus, c.memory)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestReservationCheck(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]Reservation{
		"off": {Mode: ReservationOff}, "auto": {Mode: ReservationAuto},
		"static": {Mode: ReservationStatic, CPU: "200m", Memory: "1Gi", EphemeralStorage: "5Gi"},
	} {
		if err := r.check(); err != nil {
			t.Errorf("%s: got %v, want none", name, err)
		}
	}
	for name, r := range map[string]Reservation{
		"no mode":           {},
		"another mode":      {Mode: "auto"},
		"no quantity":       {Mode: ReservationStatic, CPU: "two"},
		"nothing, said so":  {Mode: ReservationStatic, Memory: "0"},
		"below zero":        {Mode: ReservationStatic, EphemeralStorage: "-1Gi"},
		"amounts with auto": {Mode: ReservationAuto, Memory: "1Gi"},
	} {
		if err := r.check(); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func TestReservationStatic(t *testing.T) {
	t.Parallel()
	got := Reservation{Mode: ReservationStatic, CPU: "200m", EphemeralStorage: "5Gi"}.static()
	if diff := cmp.Diff(map[string]string{"cpu": "200m", "ephemeral-storage": "5Gi"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
