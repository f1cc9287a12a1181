// Package credential reads the kubelet's own credential, which is all that hostler has on a node, and follows it: the
// kubelet writes a new client certificate long before the old one ends, and a node that joins has none at first.
//
// All files are the host's, so they are read through a View: client-go would look for them where this process runs, and with a
// root other than / that is another place. Its own following of certificate files does not serve for that reason; who
// is told of a change (Follow) reads all again and makes a new client, which also takes a new server address or CA.
package credential

import (
	"errors"
	"fmt"
	"slices"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/hostler-dev/hostler/steps/host"
)

// Load reads a kubeconfig and the files that it names, all on the host. The error is fs.ErrNotExist where one of them is not there
// (yet).
func Load(v host.View, path string) (*rest.Config, error) {
	content, err := v.ReadFile(path)
	if err != nil {
		return nil, err
	}
	kubeconfig, err := clientcmd.Load(content)
	if err != nil {
		return nil, fmt.Errorf("reading kubeconfig %q: %w", path, err)
	}
	for _, cluster := range kubeconfig.Clusters {
		if err := inline(v, &cluster.CertificateAuthority, &cluster.CertificateAuthorityData); err != nil {
			return nil, err
		}
	}
	for _, user := range kubeconfig.AuthInfos {
		err := errors.Join(
			inline(v, &user.ClientCertificate, &user.ClientCertificateData),
			inline(v, &user.ClientKey, &user.ClientKeyData),
		)
		if err != nil {
			return nil, err
		}
	}
	config, err := clientcmd.NewDefaultClientConfig(*kubeconfig, nil).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("reading kubeconfig %q: %w", path, err)
	}
	return config, nil
}

// Files lists the kubeconfig and the files that it names, as far as it can be read, on the host.
func Files(v host.View, path string) []string {
	files := []string{path}
	content, err := v.ReadFile(path)
	if err != nil {
		return files
	}
	kubeconfig, err := clientcmd.Load(content)
	if err != nil {
		return files
	}
	for _, cluster := range kubeconfig.Clusters {
		files = append(files, cluster.CertificateAuthority)
	}
	for _, user := range kubeconfig.AuthInfos {
		files = append(files, user.ClientCertificate, user.ClientKey)
	}
	slices.Sort(files)
	files = slices.Compact(files)
	return slices.DeleteFunc(files, func(file string) bool { return file == "" })
}

// inline puts a file's contents in the place of its name.
func inline(v host.View, file *string, data *[]byte) error {
	if *file == "" {
		return nil
	}
	content, err := v.ReadFile(*file)
	if err != nil {
		return err
	}
	*file, *data = "", content
	return nil
}
