# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The packages, and the tests of what is installed. Included by the Makefile, inside alone.
.PHONY: packages deb-$(HOST_ARCH) rpm-$(HOST_ARCH) rpm-ppc64le check-packages check-service check-fleet

# As a distribution would build it, out of the tarball. Without what that takes (77) the test of it is skipped.
DEB := $(O)/packages/compatcaps-trace_$(VERSION)_ppc64el.deb
$(DEB): Makefile $(wildcard NEWS README.md src/*.[ch] src/*/*.[ch] src/*/*.proto tools/*.[ch] tools/*.mk tools/install tools/package tools/dist docs/* packaging/* packaging/*/*)
	@mkdir -p $(@D)
	$(call msg,DEB,$@)
	$(Q)tools/package deb $(@D) ppc64le >$(@D)/deb.log 2>&1 || { status=$$?; tail -n 20 $(@D)/deb.log >&2; test $$status -eq 77; }

# Of this machine the packages of what reads recordings.
packages: $(DEB) $(if $(NATIVE),deb-$(HOST_ARCH) rpm-$(HOST_ARCH)) rpm-ppc64le ## Debian and RPM packages for ppc64le and for this machine, in O/packages

deb-$(HOST_ARCH) rpm-$(HOST_ARCH) rpm-ppc64le: | $(DEB)
	$(call msg,PACKAGE,$(subst -, for ,$@))
	$(Q)tools/package $(subst -, $(O)/packages ,$@) >$(O)/packages/$@.log 2>&1 || { tail -n 20 $(O)/packages/$@.log >&2; false; }

check-service: all $(DEB) ## install the Debian package in a guest and test its service under a real systemd: three minutes
	$(Q)$(ALONE) tests/check service

check-fleet: all $(DEB) ## two hosts and a collector, set up as in docs/fleet.md, in guests on one network: three minutes
	$(Q)$(ALONE) tests/check fleet

check-packages: all packages ## inspect the packages, build and install them on an emulated ppc64le machine: less than half an hour
	$(Q)$(ALONE) tests/packages
