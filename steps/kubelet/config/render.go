package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubelet/config/v1beta1"
	"sigs.k8s.io/yaml"
)

// Settings are what hostler decides about a kubelet. A zero value leaves the
// choice to the kubelet, except where a field says otherwise.
type Settings struct {
	// Minor is the minor version of the kubelet that will read the file: 36 for 1.36.
	Minor uint
	// CgroupDriver is systemd or cgroupfs; it must be that of the container runtime.
	CgroupDriver string
	// CRISocket is the absolute path of the runtime's socket.
	CRISocket string
	// ClientCAFile holds the certificates that clients of the kubelet are checked with.
	ClientCAFile string
	// StaticPodPath is the folder of static pods.
	StaticPodPath string
	// ResolvConf is the resolver configuration that pods inherit.
	ResolvConf string

	MaxPods int32
	// LogMaxSize is a quantity, such as 50Mi, and LogMaxFiles at least 2.
	LogMaxSize  string
	LogMaxFiles int32
	// SeccompDefault makes RuntimeDefault the profile of pods that name none.
	SeccompDefault *bool
	// KubeReserved are quantities by resource name.
	KubeReserved map[string]string
	// TopologyPolicy and TopologyScope are spelt as in KubeletConfiguration.
	TopologyPolicy string
	TopologyScope  string
	// SwapBehavior is NoSwap or LimitedSwap.
	SwapBehavior string
	// AllowSwap lets the kubelet start on a host that has swap.
	AllowSwap bool
	// Taints are given to the Node when it registers.
	Taints []corev1.Taint
	// Overlay is laid over all of the above; see CheckOverlay.
	Overlay map[string]any
}

const header = `# Written by hostler. Changes made here are undone by its next run: set them in
# spec.kubelet of the NodeGroup, fields without a setting of their own in spec.kubelet.config.
`

// Render returns the file. The same settings give the same bytes.
func Render(s Settings) ([]byte, error) {
	if s.Minor < OldestMinor {
		return nil, fmt.Errorf("kubelet 1.%d is too old for hostler: the oldest is 1.%d", s.Minor, OldestMinor)
	}
	if s.SwapBehavior == "LimitedSwap" && s.Minor < swapMinor {
		return nil, fmt.Errorf("swapBehavior LimitedSwap needs Kubernetes 1.%d, and the version is 1.%d", swapMinor, s.Minor)
	}
	if err := CheckOverlay(s.Overlay, s.Minor); err != nil {
		return nil, err
	}
	fields, err := setFields(s.configuration())
	if err != nil {
		return nil, err
	}
	// A port of 0 is what closes it, and what auditors look for; the types
	// cannot say it, because they leave out zeros.
	fields["readOnlyPort"] = 0
	body, err := yaml.Marshal(merge(fields, s.Overlay))
	if err != nil {
		return nil, fmt.Errorf("encoding KubeletConfiguration: %w", err)
	}
	return append([]byte(header), body...), nil
}

// configuration is hostler's part of the file.
func (s Settings) configuration() v1beta1.KubeletConfiguration {
	c := v1beta1.KubeletConfiguration{
		ContainerRuntimeEndpoint: "unix://" + s.CRISocket,
		CgroupDriver:             s.CgroupDriver,
		StaticPodPath:            s.StaticPodPath,
		RotateCertificates:       true,
		MaxPods:                  s.MaxPods,
		ContainerLogMaxSize:      s.LogMaxSize,
		SeccompDefault:           s.SeccompDefault,
		KubeReserved:             s.KubeReserved,
		TopologyManagerPolicy:    s.TopologyPolicy,
		TopologyManagerScope:     s.TopologyScope,
		RegisterWithTaints:       s.Taints,
	}
	c.APIVersion = v1beta1.SchemeGroupVersion.String()
	c.Kind = "KubeletConfiguration"
	c.Authentication.Anonymous.Enabled = new(false)
	c.Authentication.Webhook.Enabled = new(true)
	c.Authentication.X509.ClientCAFile = s.ClientCAFile
	c.Authorization.Mode = v1beta1.KubeletAuthorizationModeWebhook
	if s.ResolvConf != "" {
		c.ResolverConfig = &s.ResolvConf
	}
	if s.LogMaxFiles != 0 {
		c.ContainerLogMaxFiles = &s.LogMaxFiles
	}
	if s.AllowSwap {
		c.FailSwapOn = new(false)
	}
	// An older kubelet never uses swap for pods, so NoSwap need not be said to it.
	if s.Minor >= swapMinor {
		c.MemorySwap.SwapBehavior = s.SwapBehavior
	}
	return c
}

// setFields returns the fields that were set. The published types write dozens
// of zeros ("syncFrequency: 0s") that a reader would take for settings; what a
// configuration has in common with an empty one was not set.
func setFields(c v1beta1.KubeletConfiguration) (map[string]any, error) {
	fields, err := asObject(c)
	if err != nil {
		return nil, err
	}
	zero, err := asObject(v1beta1.KubeletConfiguration{})
	if err != nil {
		return nil, err
	}
	removeCommon(fields, zero)
	return fields, nil
}

func removeCommon(fields, zero map[string]any) {
	for key, none := range zero {
		inner, isObject := fields[key].(map[string]any)
		innerZero, zeroIsObject := none.(map[string]any)
		switch {
		case isObject && zeroIsObject:
			removeCommon(inner, innerZero)
			if len(inner) == 0 {
				delete(fields, key)
			}
		case reflect.DeepEqual(fields[key], none):
			delete(fields, key)
		}
	}
}

func asObject(c v1beta1.KubeletConfiguration) (map[string]any, error) {
	data, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encoding KubeletConfiguration: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var object map[string]any
	if err := decoder.Decode(&object); err != nil {
		return nil, fmt.Errorf("decoding KubeletConfiguration: %w", err)
	}
	return object, nil
}
