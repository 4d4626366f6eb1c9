/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which hits become samples: decided before anything is walked. */
#ifndef EMBERSCOPE_CHOOSE_H
#define EMBERSCOPE_CHOOSE_H

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct choosing);
} choosing SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2 * RULES_MAX); /* new ones come before old ones go */
	__type(key, struct rule);
	__type(value, struct choice);
} rules SEC(".maps");

static __always_inline struct choosing *choosing_now(void)
{
	__u32 only = 0;

	return bpf_map_lookup_elem(&choosing, &only);
}

static __always_inline int chosen(__u32 chance)
{
	return chance == CHANCE_ALWAYS || bpf_get_prandom_u32() < chance;
}

/* Without overflow for as long as anything can last: the factor is below 2^26. */
static __always_inline __u64 scaled(__u64 nanos, __u32 factor)
{
	return (nanos >> FACTOR_SHIFT) * factor +
	       ((nanos & ((1 << FACTOR_SHIFT) - 1)) * factor >> FACTOR_SHIFT);
}

/*
 * Of the innermost control group around the task that a rule is for. At what level that lies user
 * space cannot know: what it sees as the root may not be.
 */
static __always_inline struct choice *choice_of_groups(struct task_struct *task, struct rule *rule)
{
	struct cgroup *group = cgroup_of(task, config.cgroup_source);
	int level, own = group ? BPF_CORE_READ(group, level) : -1;
	struct choice *found;

	rule->kind = RULE_CGROUP;
	rule->value[1] = 0;
	for (level = CGROUP_LEVELS_MAX - 1; level >= 0; level--) {
		if (level > own)
			continue;
		rule->value[0] = cgroup_ancestor_id(group, level);
		found = bpf_map_lookup_elem(&rules, rule);
		if (found)
			return found;
	}
	return NULL;
}

/* Replaces the choice by that of the rule for the task, if there is one. */
static __always_inline void choose_by_rule(const struct choosing *now, struct task_struct *task,
					   __u32 pid, struct choice *choice)
{
	struct choice *found = NULL;
	struct rule rule = {};

	if (now->rules & (1 << RULE_PROCESS)) {
		rule.kind = RULE_PROCESS;
		rule.value[0] = pid;
		found = bpf_map_lookup_elem(&rules, &rule);
	}
	if (!found && now->rules & (1 << RULE_COMMAND)) {
		struct task_struct *leader = BPF_CORE_READ(task, group_leader);

		rule.kind = RULE_COMMAND;
		rule.value[0] = 0;
		bpf_probe_read_kernel_str(rule.value, sizeof(rule.value), leader->comm);
		found = bpf_map_lookup_elem(&rules, &rule);
	}
	if (!found && now->rules & (1 << RULE_CGROUP))
		found = choice_of_groups(task, &rule);
	if (found)
		*choice = *found;
}

#endif
