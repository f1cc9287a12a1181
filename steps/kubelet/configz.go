package kubelet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/kubelet/config"
)

const (
	// defaultPort is where the kubelet serves its API.
	defaultPort = 10250
	// configzTimeout bounds one question; the kubelet asks the API server whether the
	// asker may know.
	configzTimeout = 10 * time.Second
	// maxConfigzBytes bounds what is read of the answer, which is a few KiB long.
	maxConfigzBytes = 1 << 20
	// quotedFields is how many differences a message names.
	quotedFields = 5
)

// Configz is the probe "kubelet /configz": the configuration that the kubelet lives by
// is the one that was written. A flag, another file or a field that its version does
// not know makes them differ, and the kubelet says nothing.
//
// It asks with the kubelet's own credential. The right for that is get on
// nodes/configz (KubeletFineGrainedAuthz: alpha in Kubernetes 1.32, on from 1.33);
// before, the kubelet asks for nodes/proxy, which allows to run commands in every
// pod, and is not worth it.
type Configz struct {
	// Address is HOST:PORT; empty: the one in the configuration, by default
	// 127.0.0.1:10250.
	Address string
}

// Verdict is whether the live configuration is the written one.
type Verdict string

// The verdicts, as reasons of a condition. Same makes it True, Different False, and the
// others Unknown.
const (
	Same        Verdict = "AsWritten"
	Different   Verdict = "Different"
	Forbidden   Verdict = "MayNotBeRead"
	Unreachable Verdict = "NotAnswering"
	Absent      Verdict = "NotThereYet"
)

// ConfigzResult is what a comparison found.
type ConfigzResult struct {
	Verdict Verdict
	// Message says it to people.
	Message string
	// Differences are the fields with another value than the written one.
	Differences []config.Difference
}

// Name is "kubelet /configz".
func (p Configz) Name() string { return "kubelet /configz" }

// Check fails where the configurations differ. Where the live one may not be read it
// warns: that is a matter of rights, and no run's fault.
func (p Configz) Check(ctx context.Context, v host.View) error {
	result, err := p.Compare(ctx, v)
	switch {
	case err != nil:
		return err
	case result.Verdict == Same:
		return nil
	case result.Verdict == Forbidden:
		return steps.Warning("%s", result.Message)
	case result.Verdict == Absent:
		return fmt.Errorf("%w: %s", steps.ErrAbsent, result.Message)
	}
	return errors.New(result.Message)
}

// Compare asks the kubelet. An error is about files of this host that cannot be
// read or understood; all that the kubelet may answer is a verdict.
func (p Configz) Compare(ctx context.Context, v host.View) (ConfigzResult, error) {
	absent := func(what string) (ConfigzResult, error) {
		return ConfigzResult{Verdict: Absent, Message: "the live configuration cannot be compared: " + what}, nil
	}
	if _, err := configured(ctx, v); errors.Is(err, steps.ErrAbsent) {
		return absent("there is no kubelet that hostler configured")
	} else if err != nil {
		return ConfigzResult{}, err
	}
	written, err := v.ReadFile(ConfigPath)
	if err != nil {
		return ConfigzResult{}, err
	}
	where, err := readServing(written)
	if err != nil {
		return ConfigzResult{}, err
	}
	tlsConfig, err := peerTLS(v, where)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotJoined) {
		return absent(err.Error())
	}
	if err != nil {
		return ConfigzResult{}, err
	}
	address := p.Address
	if address == "" {
		address = where.address()
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: tlsConfig}}
	defer client.CloseIdleConnections()
	return ask(ctx, client, "https://"+address+"/configz", written)
}

// ask gets the answer and judges it.
func ask(ctx context.Context, client *http.Client, url string, written []byte) (ConfigzResult, error) {
	ctx, cancel := context.WithTimeout(ctx, configzTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return ConfigzResult{}, err
	}
	unreachable := func(format string, args ...any) (ConfigzResult, error) {
		return ConfigzResult{Verdict: Unreachable, Message: fmt.Sprintf("the kubelet does not tell its live configuration: "+format, args...)}, nil
	}
	response, err := client.Do(request)
	if err != nil {
		return unreachable("%v", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxConfigzBytes))
	if err != nil {
		return unreachable("%v", err)
	}
	switch response.StatusCode {
	case http.StatusOK:
		return judge(written, body)
	case http.StatusForbidden:
		return ConfigzResult{Verdict: Forbidden, Message: fmt.Sprintf("the kubelet's live configuration may not be read: %s; "+
			"give group system:nodes the verb get on nodes/configz, which kubelets from 1.33 on ask for", firstLine(body))}, nil
	}
	return unreachable("it answers %s: %s", response.Status, firstLine(body))
}

// judge compares what was written with the answer.
func judge(written, answer []byte) (ConfigzResult, error) {
	differences, err := config.Compare(written, answer)
	if err != nil {
		return ConfigzResult{}, err
	}
	if len(differences) == 0 {
		return ConfigzResult{Verdict: Same, Message: "the kubelet lives by the configuration that was written"}, nil
	}
	var parts []string
	for _, d := range differences[:min(len(differences), quotedFields)] {
		parts = append(parts, d.String())
	}
	if more := len(differences) - quotedFields; more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	message := fmt.Sprintf("the kubelet lives by another configuration than the one in %s: %s; look for flags that override it (systemctl cat kubelet)",
		ConfigPath, strings.Join(parts, "; "))
	return ConfigzResult{Verdict: Different, Message: message, Differences: differences}, nil
}

func firstLine(body []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(body[:min(len(body), 512)])), "\n")
	return line
}

// serving is the part of a KubeletConfiguration that says where the kubelet serves, and
// with what certificate.
type serving struct {
	Address     string `json:"address"`
	Port        int32  `json:"port"`
	TLSCertFile string `json:"tlsCertFile"`
}

func readServing(written []byte) (serving, error) {
	var s serving
	if err := yaml.Unmarshal(written, &s); err != nil {
		return s, fmt.Errorf("reading %s: %w", ConfigPath, err)
	}
	return s, nil
}

// address is the loopback, unless the kubelet listens on one address alone.
func (s serving) address() string {
	at, port := "127.0.0.1", int32(defaultPort)
	if ip := net.ParseIP(s.Address); ip != nil && !ip.IsUnspecified() {
		at = ip.String()
	}
	if s.Port != 0 {
		port = s.Port
	}
	return net.JoinHostPort(at, strconv.Itoa(int(port)))
}
