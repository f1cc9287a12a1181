package kubelet

import (
	"errors"
	"fmt"
	"strconv"
)

// Reservation is what is kept away from pods for the kubelet and the runtime.
type Reservation struct {
	Mode ReservationMode
	// CPU, Memory and EphemeralStorage are the quantities of ReservationStatic;
	// an empty one is not reserved.
	CPU, Memory, EphemeralStorage string
}

// ReservationMode is where the amounts come from.
type ReservationMode string

// The modes.
const (
	ReservationOff    ReservationMode = "Off"
	ReservationStatic ReservationMode = "Static"
	// ReservationAuto computes cpu and memory from the size of the machine; see AutoReservation.
	ReservationAuto ReservationMode = "Auto"
)

func (r Reservation) check() error {
	problems := []error{
		oneOf("reservation mode", string(r.Mode), "Off", "Static", "Auto"),
		quantity("reserved cpu", r.CPU),
		quantity("reserved memory", r.Memory),
		quantity("reserved ephemeral storage", r.EphemeralStorage),
	}
	if r.Mode != ReservationStatic && (r.CPU != "" || r.Memory != "" || r.EphemeralStorage != "") {
		problems = append(problems, fmt.Errorf("reserved amounts are given, but the reservation mode is %s: use Static", r.Mode))
	}
	return errors.Join(problems...)
}

// static returns the amounts of ReservationStatic as kubeReserved takes them.
func (r Reservation) static() map[string]string {
	reserved := map[string]string{}
	for name, amount := range map[string]string{"cpu": r.CPU, "memory": r.Memory, "ephemeral-storage": r.EphemeralStorage} {
		if amount != "" {
			reserved[name] = amount
		}
	}
	return reserved
}

const mebibyte = 1 << 20

// AutoReservation is the formula that GKE published for its nodes and others
// took over (cloud.google.com/kubernetes-engine/docs/concepts/plan-node-sizes):
//
//	memory: 255 MiB below 1 GiB; else 25 % of the first 4 GiB, 20 % of the next 4,
//	        10 % of the next 8, 6 % of the next 112, 2 % of what is above 128
//	cpu:    6 % of the first core, 1 % of the second, 0.5 % of the next two,
//	        0.25 % of each core above 4
//
// Memory is in bytes. The amounts are rounded up, to MiB and to thousandths of a
// core, so that a machine whose kernel keeps a few kilobytes more or less after an
// update seldom gets another number.
func AutoReservation(cpus int, memory int64) map[string]string {
	return map[string]string{
		"cpu":    strconv.Itoa(reservedMillicores(cpus)) + "m",
		"memory": strconv.FormatInt(reservedMemory(memory)/mebibyte, 10) + "Mi",
	}
}

// share is a part of an amount from which a fraction is reserved.
type share struct {
	size    int64
	percent int64
}

func reservedMemory(memory int64) int64 {
	const gibibyte = 1 << 30
	if memory < gibibyte {
		return 255 * mebibyte
	}
	var hundredths int64
	rest := memory
	for _, s := range []share{{4 * gibibyte, 25}, {4 * gibibyte, 20}, {8 * gibibyte, 10}, {112 * gibibyte, 6}, {rest, 2}} {
		part := min(rest, s.size)
		hundredths += part * s.percent
		rest -= part
	}
	return roundUp(hundredths, 100*mebibyte) / 100
}

func reservedMillicores(cpus int) int {
	// In tenths of a millicore, because a core above the fourth counts 2.5 of them.
	tenths := 0
	for core := 1; core <= cpus; core++ {
		switch {
		case core == 1:
			tenths += 600
		case core == 2:
			tenths += 100
		case core <= 4:
			tenths += 50
		default:
			tenths += 25
		}
	}
	return (tenths + 9) / 10
}

func roundUp(n, step int64) int64 { return (n + step - 1) / step * step }
