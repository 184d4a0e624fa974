#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Gives a PCI device to VFIO, and back.
#
#   bind.sh bind DEVICE DEVICE [DRIVER]   the device is named twice, as what uses it now loses it;
#                                         DRIVER: one of VFIO's (vfio-pci)
#   bind.sh release DEVICE                back to the driver that it had
#   -n before these                       says what would be written, and writes nothing
#
# DEVICE is segment:bus:device.function.  A device that is in use is never taken,
# nor one whose IOMMU group has others that are not VFIO's.
set -euo pipefail

SYSFS=${SYSFS:-/sys}
PROC=${PROC:-/proc}
KEPT=${KEPT:-/run/vfio-selftests}
dry=false

refuse() {
	echo "bind.sh: $1: $2" >&2
	exit 1
}

usage() {
	sed -n '3,13s/^# \{0,1\}//p' "$0" >&2
	exit 2
}

put() {
	if $dry; then
		echo "$1 > $2"
	else
		printf '%s\n' "$1" >"$2"
	fi
}

# The name that a link's target ends with; nothing without the link.
link_name() {
	local target

	target=$(readlink "$1") && echo "${target##*/}" || true
}

is_vfio() {
	[[ $1 == vfio-pci || $1 == *vfio?pci || $1 == *_vfio_* ]]
}

check_network() {
	local interface flags

	for interface in "$2"/net/*; do
		[[ -e $interface/flags ]] || continue
		flags=$(<"$interface/flags")
		(((flags & 1) == 0)) || refuse "$1" "its interface ${interface##*/} is up"
	done
}

# Whole devices and their partitions.
check_blocks() {
	local block name source rest

	while read -r block; do
		name=${block##*/}
		while read -r source rest; do
			[[ $source != "/dev/$name" ]] || refuse "$1" "$source is mounted, or swap"
		done < <(cat "$PROC/mounts" "$PROC/swaps" 2>/dev/null)
		[[ -z $(ls "$block/holders" 2>/dev/null) ]] || refuse "$1" "/dev/$name is part of $(ls "$block/holders")"
	done < <(find "$2/" -path '*/block/*' -name dev -printf '%h\n' 2>/dev/null)
}

check_group() {
	local other driver class

	[[ -d $2/iommu_group/devices ]] || refuse "$1" "it has no IOMMU group: is the IOMMU on?"
	for other in "$2"/iommu_group/devices/*; do
		[[ ${other##*/} != "$1" ]] || continue
		driver=$(link_name "$other/driver")
		class=$(<"$other/class")
		# Bridges stay with their driver.
		[[ -z $driver || $class == 0x0604* ]] || is_vfio "$driver" ||
			refuse "$1" "${other##*/} is in its IOMMU group, and belongs to $driver"
	done
}

# Somebody has the group, or the device itself, open.
check_open() {
	local file target group cdev

	group=/dev/vfio/$(link_name "$2/iommu_group")
	cdev=/dev/vfio/devices/$(ls "$2/vfio-dev" 2>/dev/null || true)
	for file in "$PROC"/[0-9]*/fd/*; do
		target=$(readlink "$file" 2>/dev/null) || continue
		[[ $target != "$group" && $target != "$cdev" ]] || refuse "$1" "$target is open: ${file%/fd/*}"
	done
}

check_unused() {
	local class virtual

	class=$(<"$2/class")
	[[ $class != 0x06* ]] || refuse "$1" "it is a bridge"
	[[ ! -e $2/boot_vga || $(<"$2/boot_vga") == 0 ]] || refuse "$1" "the console is on it"
	virtual=0
	[[ ! -e $2/sriov_numvfs ]] || virtual=$(<"$2/sriov_numvfs")
	((virtual == 0)) || refuse "$1" "it has $virtual virtual functions"
	check_network "$1" "$2"
	check_blocks "$1" "$2"
	check_open "$1" "$2"
}

change_driver() {
	local device=$1 path=$2 driver=$3 present

	present=$(link_name "$path/driver")
	put "$driver" "$path/driver_override"
	[[ -z $present ]] || put "$device" "$SYSFS/bus/pci/drivers/$present/unbind"
	put "$device" "$SYSFS/bus/pci/drivers_probe"
	$dry || [[ -z $driver || $(link_name "$path/driver") == "$driver" ]] ||
		refuse "$device" "$driver has not taken it"
}

bind() {
	local device=$1 path=$2 driver=$3 present

	[[ -d $SYSFS/bus/pci/drivers/$driver ]] || refuse "$driver" "there is no such driver: modprobe $driver"
	is_vfio "$driver" || refuse "$driver" "it is none of VFIO's"
	present=$(link_name "$path/driver")
	check_unused "$device" "$path"
	check_group "$device" "$path"
	if [[ $present == "$driver" ]]; then
		echo "$device belongs to $driver" >&2
		return
	fi
	$dry || mkdir -p "$KEPT"
	put "$present" "$KEPT/$device"
	change_driver "$device" "$path" "$driver"
}

release() {
	local device=$1 path=$2 before=""

	is_vfio "$(link_name "$path/driver")" || refuse "$device" "it is not VFIO's"
	check_open "$device" "$path"
	[[ ! -e $KEPT/$device ]] || before=$(<"$KEPT/$device")
	# Without an override, as after a boot.
	change_driver "$device" "$path" ""
	$dry || rm -f "$KEPT/$device"
	[[ -z $before ]] || $dry || [[ $(link_name "$path/driver") == "$before" ]] ||
		refuse "$device" "$before has not taken it back"
}

if [[ ${1:-} == -n ]]; then
	dry=true
	shift
fi
[[ $# -ge 2 ]] || usage
verb=$1 device=$2 path=$SYSFS/bus/pci/devices/$2
[[ $device =~ ^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$ ]] || refuse "$device" "no segment:bus:device.function"
[[ -d $path ]] || refuse "$device" "there is no such device"
case $verb in
bind)
	[[ ${3:-} == "$device" ]] || refuse "$device" "name it twice: what uses it now loses it"
	[[ $# -le 4 ]] || usage
	bind "$device" "$path" "${4:-vfio-pci}"
	;;
release)
	[[ $# -eq 2 ]] || usage
	release "$device" "$path"
	;;
*)
	usage
	;;
esac
