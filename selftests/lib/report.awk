# SPDX-License-Identifier: GPL-2.0
#
# report.awk - do the values in a report of the torture test's sets fit each other?
#
# usage: awk -f report.awk FILE...
#
# Each FILE is a copy of values, last, percpu or instance. The exit status is 1 if
# something is not as cstats_torture.ko makes it: its main.c says what that is. What
# is left out is more than the awk's numbers hold.

function wrong(what) {
	print FILENAME ": " what
	status = 1
}

# What belongs to one instance, or to the set.
function check_part(key,	h, n) {
	if (value[key, "f0"] != value[key, "f6"])
		wrong(key ": " value[key, "f0"] " sections, " value[key, "f6"] " copies")
	if (!((key, "observed") in value))
		return
	for (n = split("powers bounds", names); n; n--) {
		h = names[n]
		if (value[key, h "_count"] != value[key, "f0"])
			wrong(key ": " value[key, "f0"] " sections, but in " h " " \
			      value[key, h "_count"])
		if (buckets[key, h] != value[key, h "_count"])
			wrong(key ": the buckets of " h " are " buckets[key, h])
	}
	if (value[key, "observed"] != value[key, "powers_sum"] + value[key, "bounds_sum"])
		wrong(key ": sums are not " value[key, "observed"])
}

# What is in all of them; a report of one instance has no total.
function check_report(	key, total, sections, moved, family) {
	for (key in keys) {
		check_part(key)
		if (key !~ /[{]/) {
			total = key
			continue
		}
		family = 1
		sections += value[key, "f0"]
		moved += value[key, "moved"]
	}
	if (family && total != "") {
		if (sections > value[total, "f0"])
			wrong(sections " sections of instances, " value[total, "f0"] " in all")
		if (moved)
			wrong(moved " have left an instance, or arrived, only")
	}
	split("", value)
	split("", buckets)
	split("", keys)
}

FNR == 1 {
	if (NR > 1)
		check_report()
	next
}
/^#/ { next }
{
	field = $1
	sub(/.*[.]/, "", field)
	key = substr($1, 1, length($1) - length(field) - 1)
	keys[key] = 1
	value[key, field] += $NF
	if (field ~ /_bucket_/) {
		sub(/_bucket_.*/, "", field)
		buckets[key, field] += $NF
	}
}
END {
	check_report()
	exit status
}
