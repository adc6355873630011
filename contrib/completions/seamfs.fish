# SPDX-License-Identifier: Apache-2.0
# fish completion of seamfs; install it in a vendor_completions.d folder.

function __seamfs_mounts
    findmnt -n -l -t fuse.seamfs -o TARGET 2>/dev/null
end

function __seamfs_mounted_tools
    for dir in (__seamfs_mounts)
        command ls $dir/.seam/tools 2>/dev/null
    end | sort -u
end

# The tools of the configuration that the line names, else of the default one.
function __seamfs_tools
    set -l words (commandline -opc)
    set -l config
    for i in (seq (count $words))
        if contains -- $words[$i] -c --config; and test $i -lt (count $words)
            set config -c (string replace -r '^~/' "$HOME/" -- $words[(math $i + 1)])
        end
    end
    seamfs tool $config list 2>/dev/null | awk 'NR > 1 && $1 != "local" { print $1 }'
end

function __seamfs_verb
    __fish_seen_subcommand_from $argv
end

set -l verbs mount unmount demo status sync tool check
set -l none "not __fish_seen_subcommand_from $verbs"

complete -c seamfs -f
complete -c seamfs -s h -l help -d 'Explain'
complete -c seamfs -n $none -s V -l version -d 'Print the version'
complete -c seamfs -n $none -a mount -d 'Show the records of a stack as a directory tree'
complete -c seamfs -n $none -a unmount -d 'End a mount'
complete -c seamfs -n $none -a demo -d 'Mount a sample studio'
complete -c seamfs -n $none -a status -d 'How the tools of a mount are doing'
complete -c seamfs -n $none -a sync -d 'Fetch from the tools now'
complete -c seamfs -n $none -a tool -d 'List or test the tools of a stack'
complete -c seamfs -n $none -a check -d 'Check the configuration and every manifest'

complete -c seamfs -n '__seamfs_verb mount tool check' -s c -l config -r -F -d 'The configuration'
complete -c seamfs -n '__seamfs_verb mount' -s f -l foreground -d 'Stay in the foreground'
complete -c seamfs -n '__seamfs_verb mount' -s v -l verbose -d 'Log more'
complete -c seamfs -n '__seamfs_verb status sync' -s m -l mount -x -a '(__seamfs_mounts)' -d 'The mount that is meant'
complete -c seamfs -n '__seamfs_verb mount demo' -a '(__fish_complete_directories)'
complete -c seamfs -n '__seamfs_verb unmount' -a '(__seamfs_mounts)'
complete -c seamfs -n '__seamfs_verb sync' -a '(__seamfs_mounted_tools)'
complete -c seamfs -n '__seamfs_verb tool; and not __seamfs_verb list test' -a 'list test'
complete -c seamfs -n '__seamfs_verb tool; and __seamfs_verb test' -a '(__seamfs_tools)'
