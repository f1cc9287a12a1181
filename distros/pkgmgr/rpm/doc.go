// Package rpm knows versions of rpm packages, and reads what rpm -qa prints. It is
// pure; asking rpm is the business of the package managers over it.
package rpm
