// Package kubelet is the step "kubelet": the packages of one exact Kubernetes
// version, the kubelet's configuration, a systemd drop-in with its command line,
// what it needs to join the cluster, and its service.
//
// Files are where kubeadm's users look for them: /var/lib/kubelet/config.yaml and
// /etc/kubernetes/{kubelet.conf,bootstrap-kubelet.conf,pki/ca.crt}. kubelet.conf
// and the certificate that it names are the kubelet's own: it asks for one with
// the bootstrap kubeconfig and renews it by itself. Everything that has a field in KubeletConfiguration goes there, the
// rest (identity, labels, paths) into flags that 1.27 and later all have.
//
// The drop-in is called 20-hostler.conf because systemd applies the drop-ins of
// all folders in the order of their names, and the last ExecStart wins: it must
// come after the 10-kubeadm.conf that the kubeadm package brings.
//
// The join token never passes through hostler: the bootstrap kubeconfig names the
// token's file, which the kubelet reads itself (tokenFile, as in any kubeconfig).
//
// In an image folder the step writes only what is true for every machine made of
// it: no node name, address, reservation or identity, unless they were given.
package kubelet
