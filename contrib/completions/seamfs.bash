# SPDX-License-Identifier: Apache-2.0
# bash completion of seamfs; read it with "source", or install it as seamfs in bash-completion's completions folder.

# Mount points of seamfs, one a line.
_seamfs_mounts() { findmnt -n -l -t fuse.seamfs -o TARGET 2>/dev/null; }

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

_seamfs() {
	local word verb='' config='' mount='' cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local -a arguments=()
	local i
	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		-c | --config) config=${COMP_WORDS[++i]} ;;
		-m | --mount) mount=${COMP_WORDS[++i]} ;;
		-*) ;;
		*) if [ -z "$verb" ]; then verb=$word; else arguments+=("$word"); fi ;;
		esac
	done
	# Words come as they were typed, with their quotes.
	config=${config//[\"\'\\]/} mount=${mount//[\"\'\\]/}
	config=${config/#\~\//$HOME/} mount=${mount/#\~\//$HOME/}

	case $prev in
	-c | --config)
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
	esac

	if [[ $cur == -* ]]; then
		case $verb in
		mount) word='--config --foreground --verbose' ;;
		tool | check) word=--config ;;
		status | sync) word=--mount ;;
		'') word=--version ;;
		*) word='' ;;
		esac
		mapfile -t COMPREPLY < <(compgen -W "$word --help" -- "$cur")
		return
	fi

	case $verb:${#arguments[@]} in
	:0) mapfile -t COMPREPLY < <(compgen -W 'mount unmount demo status sync tool check' -- "$cur") ;;
	mount:0 | demo:0)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		;;
	unmount:0)
		compopt -o filenames
		_seamfs_lines "$cur" < <(_seamfs_mounts)
		[ ${#COMPREPLY[@]} -gt 0 ] || mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		;;
	sync:0) _seamfs_lines "$cur" < <(_seamfs_mounted_tools "$mount") ;;
	tool:0) mapfile -t COMPREPLY < <(compgen -W 'list test' -- "$cur") ;;
	tool:1) [ "${arguments[0]}" != test ] || _seamfs_lines "$cur" < <(_seamfs_tools "$config") ;;
	esac
}

complete -F _seamfs seamfs
