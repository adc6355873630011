# SPDX-License-Identifier: Apache-2.0
# bash completion of seamfs; read it with "source", or install it as seamfs in bash-completion's completions folder.

# Mount points of seamfs, one a line.
_seamfs_mounts() { findmnt -n -l -t fuse.seamfs -o TARGET 2>/dev/null; }

# The mount that the path $1 is in; without $1 that of the working folder, else the only one.
_seamfs_mount() {
	local -a all
	findmnt -n -t fuse.seamfs -o TARGET -T "${1:-.}" 2>/dev/null && return
	mapfile -t all < <(_seamfs_mounts)
	if [ -z "$1" ] && [ ${#all[@]} = 1 ]; then printf '%s\n' "${all[0]}"; fi
}

# What waits for a person in the mount at $1: file names of its outbox, which begin with the number.
_seamfs_held() {
	local file
	grep -ls '^# waits for a person' "$1"/.seam/outbox/*.diff | sort -V | while IFS= read -r file; do
		file=${file##*/}
		printf '%s\n' "${file%.diff}"
	done
}

# The last changes of the mount at $1, the number first.
_seamfs_changes() { seamfs log -m "$1" -n 20 2>/dev/null | sed -n 's/^#\([0-9]\)/\1/p'; }

# The rules of the mount at $1.
_seamfs_rules() { seamfs handoff -m "$1" list 2>/dev/null | awk 'p { print $1 } $1 == "rule" { p = 1 }'; }

# Tools of a mounted stack: of the mount at $1, or of all.
_seamfs_mounted_tools() {
	local dir
	while IFS= read -r dir; do
		ls "$dir/.seam/tools" 2>/dev/null
	done < <(if [ -n "$1" ]; then printf '%s\n' "$1"; else _seamfs_mounts; fi) | sort -u
}

# Tools of a configuration: of the one at $1, or of the default one.
_seamfs_tools() { seamfs tool ${1:+-c "$1"} list 2>/dev/null | awk 'NR > 1 && $1 != "local" { print $1 }'; }

# Takes lines from standard input that begin with $1.
_seamfs_lines() {
	local line
	while IFS= read -r line; do
		[[ $line == "$1"* ]] && COMPREPLY+=("$line")
	done
}

# Takes numbers that begin with $1, from lines that go on behind them; $2...: numbers that the line has already. The lines are
# shown as long as there is a choice: the number is all that two of them never share.
_seamfs_numbers() {
	local cur=$1 line i
	shift
	while IFS= read -r line; do
		[[ $line == "$cur"* && " $* " != *" ${line%% *} "* ]] && COMPREPLY+=("$line")
	done
	compopt -o nosort
	case ${#COMPREPLY[@]}:$COMP_TYPE in
	*:37 | *:42 | 1:*) for i in "${!COMPREPLY[@]}"; do COMPREPLY[i]=${COMPREPLY[i]%% *}; done ;; # they are put into the line
	esac
}

# A word as it was typed: without quotes, and with the home folder for ~.
_seamfs_plain() {
	local word=${1//[\"\'\\]/}
	printf '%s' "${word/#\~\//$HOME/}"
}

_seamfs() {
	local word verb='' config='' mount='' cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local types='client contact deal quote invoice payment project task time document entry'
	local -a arguments=()
	local i
	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		-c | --config | --stack) config=${COMP_WORDS[++i]} ;;
		-m | --mount) mount=${COMP_WORDS[++i]} ;;
		-n | --count | --sample | --name | --owner | --from | --to | -o | --output) ((i++)) ;;
		--set | --type) # readline takes KEY=VALUE, and file:PATH behind it, apart
			((i++))
			while [[ ${COMP_WORDS[i + 1]} == [=:] ]]; do ((i += 2)); done
			;;
		-*) ;;
		*) if [ -z "$verb" ]; then verb=$word; else arguments+=("$word"); fi ;;
		esac
	done
	config=$(_seamfs_plain "$config") mount=$(_seamfs_plain "$mount")

	case $prev in
	-c | --config | --stack)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -d -- "$cur"; compgen -f -X '!*.json' -- "$cur")
		return
		;;
	-m | --mount)
		compopt -o filenames
		_seamfs_lines "$cur" < <(_seamfs_mounts)
		[ ${#COMPREPLY[@]} -gt 0 ] || mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		return
		;;
	-o | --output)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	-n | --count | --sample | --name | --set) return ;;
	--from | --to)
		_seamfs_lines "$cur" < <(_seamfs_tools "$config"; echo local)
		return
		;;
	--owner)
		mapfile -t COMPREPLY < <(compgen -W "$types none" -- "$cur")
		return
		;;
	--type)
		if [ "$verb" = import ]; then
			mapfile -t COMPREPLY < <(compgen -W "$types" -- "$cur")
			return
		fi
		compopt -o nospace
		mapfile -t COMPREPLY < <(compgen -W 'client= contact= deal= quote= invoice= payment= project= task= time=' -- "$cur")
		return
		;;
	esac

	if [[ $cur == -* ]]; then
		case $verb in
		mount) word='--config --foreground --review --verbose' ;;
		tool)
			case ${arguments[0]} in
			add) word='--config --name --set --secret-file --secret-tool --pass --owner --paste --yes' ;;
			test) word='--config --yes' ;;
			login) word='--config --paste' ;;
			check) word='' ;;
			new) word='--name --type --output' ;;
			*) word=--config ;;
			esac
			;;
		hook | check | doctor) word=--config ;;
		review) word='--config --mount --yes' ;;
		export) word='--config --mount' ;;
		import) word='--config --yes --type --set' ;;
		move-owner) word='--config --from --to --yes' ;;
		review) word='--config --mount --yes' ;;
		status | sync | approve | reject | undo) word=--mount ;;
		log) word='--mount --count' ;;
		verify) word='--mount --sample' ;;
		handoff) word='--mount --count' ;;
		'') word=--version ;;
		*) word='' ;;
		esac
		mapfile -t COMPREPLY < <(compgen -W "$word --help" -- "$cur")
		return
	fi

	case $verb:${#arguments[@]} in
	:0)
		word='mount unmount demo status sync approve reject log blame undo link unlink verify handoff export import move-owner tool hook review doctor check'
		mapfile -t COMPREPLY < <(compgen -W "$word" -- "$cur")
		;;
	move-owner:0) mapfile -t COMPREPLY < <(compgen -W "$types" -- "$cur") ;;
	import:0) compopt -o default ;;
	mount:0 | demo:0 | export:0)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		;;
	unmount:0)
		compopt -o filenames
		_seamfs_lines "$cur" < <(_seamfs_mounts)
		[ ${#COMPREPLY[@]} -gt 0 ] || mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		;;
	sync:0) _seamfs_lines "$cur" < <(_seamfs_mounted_tools "$mount") ;;
	approve:* | reject:*) _seamfs_numbers "$cur" "${arguments[@]}" < <(_seamfs_held "$(_seamfs_mount "$mount")") ;;
	undo:0) _seamfs_numbers "$cur" < <(_seamfs_changes "$(_seamfs_mount "$mount")") ;;
	log:0 | blame:0 | link:[01] | unlink:0 | handoff:2) compopt -o default ;;
	handoff:0) mapfile -t COMPREPLY < <(compgen -W 'list test runs replay pause resume' -- "$cur") ;;
	handoff:1) _seamfs_lines "$cur" < <(_seamfs_rules "$(_seamfs_mount "$mount")") ;;
	unlink:1)
		word=$(_seamfs_mount "$(_seamfs_plain "${arguments[0]}")")
		[ -z "$word" ] || _seamfs_lines "$cur" < <(_seamfs_mounted_tools "$word")
		;;
	tool:0) mapfile -t COMPREPLY < <(compgen -W 'list add test login check new' -- "$cur") ;;
	tool:1)
		case ${arguments[0]} in
		test | login) _seamfs_lines "$cur" < <(_seamfs_tools "$config") ;;
		add) mapfile -t COMPREPLY < <(compgen -W "$(seamfs tool add 2>/dev/null | awk '{ print $1 }')" -- "$cur") ;;
		check | new) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
		esac
		;;
	tool:*) [ "${arguments[0]}" != test ] || mapfile -t COMPREPLY < <(compgen -W "$types" -- "$cur") ;;
	esac
}

complete -F _seamfs seamfs
