package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// User is an account on the machine.
type User struct {
	// Name of the account.
	// +kubebuilder:validation:Pattern=`^[a-z_][a-z0-9_-]{0,31}$`
	Name string `json:"name"`
	// UID of an account that is created. One that exists with another is an error. Default: the system chooses.
	// +kubebuilder:validation:Minimum=1
	// +optional
	UID *int64 `json:"uid,omitempty"`
	// Groups, beside the account's own, that it is in. It stays in others that it is in already.
	// +listType=set
	// +optional
	Groups []string `json:"groups,omitempty"`
	// Shell is the absolute path of the login shell. Default: left as it is, or the system's own for a new account.
	// +optional
	Shell string `json:"shell,omitempty"`
	// SSHAuthorizedKeys are all the keys that may log in to the account; others are removed from its authorized_keys. Default: the
	// file is left alone.
	// +optional
	SSHAuthorizedKeys []string `json:"sshAuthorizedKeys,omitempty"`
}

// BlockDevice is what the queues of some disks are set to. What is not set is left as it is.
type BlockDevice struct {
	// Match is a shell pattern of kernel names, such as sd* or nvme*n*.
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9*?\[\]_-]+$`
	Match string `json:"match"`
	// Scheduler, such as none or mq-deadline.
	// +kubebuilder:validation:Pattern=`^[a-z][a-z0-9-]*$`
	// +optional
	Scheduler string `json:"scheduler,omitempty"`
	// ReadAheadKB is the read-ahead in kibibytes.
	// +kubebuilder:validation:Minimum=0
	// +optional
	ReadAheadKB *int32 `json:"readAheadKB,omitempty"`
	// Requests is the length of the queue.
	// +kubebuilder:validation:Minimum=1
	// +optional
	Requests *int32 `json:"requests,omitempty"`
}

// JournaldSpec is how much journald keeps; see journald.conf(5). What is not set has the default of systemd.
type JournaldSpec struct {
	// MaxUse is the size in bytes of all journals on disk. Default: a tenth of the file system, at most 4 GiB.
	// +optional
	MaxUse *resource.Quantity `json:"maxUse,omitempty"`
	// KeepFree is the space in bytes that journals on disk leave to others. Default: 15 % of the file system, at most 4 GiB.
	// +optional
	KeepFree *resource.Quantity `json:"keepFree,omitempty"`
	// MaxFileSize is the size in bytes at which a journal file is rotated. Default: an eighth of maxUse.
	// +optional
	MaxFileSize *resource.Quantity `json:"maxFileSize,omitempty"`
	// MaxRetention is how long entries are kept. Default: as long as there is space.
	// +optional
	MaxRetention *metav1.Duration `json:"maxRetention,omitempty"`
	// RateLimitInterval and rateLimitBurst: messages of one service beyond the burst in an interval are dropped. Default: 30s.
	// +optional
	RateLimitInterval *metav1.Duration `json:"rateLimitInterval,omitempty"`
	// RateLimitBurst is the number of messages. Default: 10000; 0 turns the limit off.
	// +kubebuilder:validation:Minimum=0
	// +optional
	RateLimitBurst *int32 `json:"rateLimitBurst,omitempty"`
}

// Limit is one limit of limits.conf(5), in its units.
type Limit struct {
	// Item is what is limited.
	// +kubebuilder:validation:Enum=core;fsize;memlock;nofile;nproc;stack
	Item string `json:"item"`
	// Soft limit, at most the hard one; -1 is unlimited.
	// +kubebuilder:validation:Minimum=-1
	Soft int64 `json:"soft"`
	// Hard limit; -1 is unlimited.
	// +kubebuilder:validation:Minimum=-1
	Hard int64 `json:"hard"`
}
