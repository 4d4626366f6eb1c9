/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The sampler without what it does: what is left is what the kernel takes to run any program. */
#include <linux/bpf.h>
#include <stddef.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "core_fixes.h"
#include "kernel.h"
#include "sample.h"

#include "record.h"

#include "choose.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("perf_event")
int sample(void *context)
{
	(void)context;
	return config.weight_nanos == 0;
}
