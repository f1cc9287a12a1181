package distros

// amazonReleases are the rows of Amazon Linux.
//
// Kernel of 2 (5.10 is the default, 4.14 and 5.15 can be had), of 2023, and
// their cgroups: docs.aws.amazon.com, "AL2 supported kernels" and "Unified
// Control Group hierarchy". systemd: index 12118761423 (2), index 42922574019
// (2023). SELinux of 2023 is permissive: AL2023 User Guide, SELinux modes; of 2
// it is not recorded. containerd: kubespray; the nodes of EKS lock the versions
// of kernel and containerd (awslabs/amazon-eks-ami). Docker: kubespray,
// roles/container-engine/docker/vars/amazon.yml (for 2). PLATFORM_ID: os-release.
func amazonReleases() []Release {
	two := elFamily("7")
	two.Platform = ""
	two.Kernel, two.Init = Kernel{Version: "5.10"}, Init{Name: "systemd", Version: 219}
	two.Packages.Containerd, two.Docker = "containerd", dockerOwn("docker")
	two.Security = Security{Firewalls: []string{"firewalld.service"}}

	al2023 := elFamily("9")
	al2023.Platform, al2023.Sysctl = "platform:al2023", Sysctl{}
	al2023.Kernel, al2023.Init = Kernel{Version: "6.1", CgroupV2: true}, Init{Name: "systemd", Version: 252}
	al2023.Packages.Containerd, al2023.Docker = "containerd", Docker{}
	al2023.Security = Security{Firewalls: []string{"firewalld.service"}, SELinux: "permissive"}
	return []Release{
		like(two, Release{
			ID: "amzn", Version: "2", Name: "Amazon Linux 2", Match: Match{IDs: []string{"amzn"}, Versions: byVersionID("2")},
			Notes: []string{
				"it boots with cgroup v1, which kubelet 1.35 and later refuse unless failCgroupV1 is false",
				"support ended on 2026-06-30, as its os-release says",
				"containerd and Docker are in amazon-linux-extras; which versions, and the iptables backend, is not recorded here",
			},
		}),
		like(al2023, Release{
			ID: "amzn", Version: "2023", Name: "Amazon Linux 2023", Match: Match{IDs: []string{"amzn"}, Versions: byVersionID("2023")},
			Notes: []string{
				"the name of its Docker package, its containerd's versions and the iptables backend are not recorded here",
				"its repositories are fixed to one version of the system, so packages change only when somebody asks for another",
			},
		}),
	}
}
