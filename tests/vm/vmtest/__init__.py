# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What the guest tests in Python share."""
from .boot import Guest, Run, enter_root
from .kernels import (ALL_PAIRS, FEW, TARGET, abi_of, boots_on, command_of, cpus_for, has_feature, has_fexit, is_instrumented,
                      is_patched, is_preemptible, judges_by_own, page_size, patience, tested_kernels)
from .machines import all_machines, answer_of, has_pr, mount_options, offers_less, own_qemu, tested_machines
from .paths import HERE, OUT, TOP, limits, package, root
from .tap import Tap
