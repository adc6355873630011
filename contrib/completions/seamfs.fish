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

# A path of the line, without its quotes, and with the home folder for ~.
function __seamfs_plain
    string replace -r '^~/' "$HOME/" -- (string unescape -- $argv[1]; or echo $argv[1])
end

# The mount that a path is in; without one that of -m or of the working folder, else the only one.
function __seamfs_mount
    set -l words (commandline -opc)
    set -l hint $argv[1]
    for i in (seq (count $words))
        if contains -- $words[$i] -m --mount; and test $i -lt (count $words)
            set hint (__seamfs_plain $words[(math $i + 1)])
        end
    end
    if test -n "$hint"
        findmnt -n -t fuse.seamfs -o TARGET -T $hint 2>/dev/null
        return
    end
    findmnt -n -t fuse.seamfs -o TARGET -T . 2>/dev/null; and return
    set -l all (__seamfs_mounts)
    test (count $all) = 1; and echo $all
end

# What waits for a person: numbers of the outbox, described by its file names.
function __seamfs_held
    set -l files (__seamfs_mount)/.seam/outbox/*.diff
    test -n "$files"; or return
    set -l words (commandline -opc)
    for file in (grep -ls '^# waits for a person' $files)
        contains -- (string match -r '^\d+' -- (basename $file)) $words; or string replace -r '^(\d+) (.*)\.diff$' '$1\t$2' -- (basename $file)
    end
end

function __seamfs_rules
    set -l dir (__seamfs_mount)
    test -n "$dir"; and seamfs handoff -m $dir list 2>/dev/null | string replace -rf '^([a-z]\S*) +(\S+) +(on|paused) .*' '$1\tfor each $2'
end

function __seamfs_changes
    set -l dir (__seamfs_mount)
    test -n "$dir"; and seamfs log -m $dir -n 20 2>/dev/null | string replace -rf '^#(\d+) ' '$1\t'
end

# Of the mount that the file before it is in.
function __seamfs_file_tools
    set -l words (commandline -opc)
    set -l dir (__seamfs_mount (__seamfs_plain $words[-1]))
    test -n "$dir"; and command ls $dir/.seam/tools 2>/dev/null
end

# How many words the line has behind the program and before the cursor.
function __seamfs_words
    test (math (count (commandline -opc)) - 1) = $argv[1]
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

# Whether the verb, always the first word, is one of these.
function __seamfs_verb
    set -l words (commandline -opc)
    set -q words[2]; and contains -- $words[2] $argv
end

set -l verbs mount unmount demo status sync approve reject log blame undo link unlink verify handoff export import move-owner tool hook review doctor check
set -l types client contact deal quote invoice payment project task time document entry
set -l none "not __seamfs_verb $verbs"

complete -c seamfs -f
complete -c seamfs -s h -l help -d 'Explain'
complete -c seamfs -n $none -s V -l version -d 'Print the version'
complete -c seamfs -n $none -a mount -d 'Show the records of a stack as a directory tree'
complete -c seamfs -n $none -a unmount -d 'End a mount'
complete -c seamfs -n $none -a demo -d 'Mount a sample studio'
complete -c seamfs -n $none -a status -d 'How the tools of a mount are doing'
complete -c seamfs -n $none -a sync -d 'Fetch from the tools now'
complete -c seamfs -n $none -a approve -d 'Have done what waits for a person'
complete -c seamfs -n $none -a reject -d 'Take back what waits for a person'
complete -c seamfs -n $none -a log -d 'The last changes, of all records or of one'
complete -c seamfs -n $none -a blame -d 'Who set each field of a record'
complete -c seamfs -n $none -a undo -d 'Take back a change'
complete -c seamfs -n $none -a link -d 'Two files are one record'
complete -c seamfs -n $none -a unlink -d 'What a tool holds is another record'
complete -c seamfs -n $none -a verify -d 'Read records again and compare'
complete -c seamfs -n $none -a handoff -d 'Rules that do things by themselves'
complete -c seamfs -n $none -a export -d 'Write everything as plain files'
complete -c seamfs -n $none -a import -d 'Take in an export or a spreadsheet'
complete -c seamfs -n $none -a move-owner -d 'Make another tool the owner of a type'
complete -c seamfs -n $none -a tool -d 'List, add, test, log in to or draft tools'
complete -c seamfs -n $none -a hook -d 'Where other programs write records'
complete -c seamfs -n $none -a review -d 'Look at each tool of the stack again'
complete -c seamfs -n $none -a doctor -d 'Look at what seamfs needs of the machine'
complete -c seamfs -n $none -a check -d 'Check the configuration and every manifest'

complete -c seamfs -n '__seamfs_verb tool; and not __fish_seen_subcommand_from check new; or __seamfs_verb mount hook review doctor check export import move-owner' -s c -l config -r -F -d 'The configuration'
complete -c seamfs -n '__seamfs_verb mount' -s f -l foreground -d 'Stay in the foreground'
complete -c seamfs -n '__seamfs_verb mount' -s r -l review -d 'Send nothing before it is approved'
complete -c seamfs -n '__seamfs_verb mount' -s v -l verbose -d 'Log more'
complete -c seamfs -n '__seamfs_verb status sync approve reject log undo verify handoff export review' -s m -l mount -x -a '(__seamfs_mounts)' -d 'The mount that is meant'
complete -c seamfs -n '__seamfs_verb log' -s n -l count -x -d 'How many changes'
complete -c seamfs -n '__seamfs_verb handoff' -s n -l count -x -d 'How many runs'
complete -c seamfs -n '__seamfs_verb verify' -l sample -x -d 'How many records of each tool'
complete -c seamfs -n '__seamfs_verb import move-owner' -l yes -d 'Do it'
complete -c seamfs -n '__seamfs_verb import' -l type -x -a "$types" -d 'What the rows are'
complete -c seamfs -n '__seamfs_verb import' -l set -x -d 'Which column is a field, FIELD=COLUMN'
complete -c seamfs -n '__seamfs_verb import' -F
complete -c seamfs -n '__seamfs_verb move-owner' -l from -x -a '(__seamfs_tools) local' -d 'The owner'
complete -c seamfs -n '__seamfs_verb move-owner' -l to -x -a '(__seamfs_tools) local' -d 'The new owner'
complete -c seamfs -n '__seamfs_verb move-owner' -a "$types"
complete -c seamfs -n '__seamfs_verb mount demo export' -a '(__fish_complete_directories)'
complete -c seamfs -n '__seamfs_verb unmount' -a '(__seamfs_mounts)'
complete -c seamfs -n '__seamfs_verb sync' -a '(__seamfs_mounted_tools)'
complete -c seamfs -n '__seamfs_verb approve reject' -k -a '(__seamfs_held)'
complete -c seamfs -n '__seamfs_verb undo' -k -a '(__seamfs_changes)'
complete -c seamfs -n '__seamfs_verb log blame link' -F
complete -c seamfs -n '__seamfs_verb unlink; and __seamfs_words 1' -F
complete -c seamfs -n '__seamfs_verb unlink; and __seamfs_words 2' -a '(__seamfs_file_tools)'
complete -c seamfs -n '__seamfs_verb handoff; and __seamfs_words 1' -a 'list test runs replay pause resume'
complete -c seamfs -n '__seamfs_verb handoff; and __seamfs_words 2' -a '(__seamfs_rules)'
complete -c seamfs -n '__seamfs_verb handoff; and __seamfs_words 3' -F
complete -c seamfs -n '__seamfs_verb tool; and not __fish_seen_subcommand_from list add test login hook check new' -a 'list add test login hook check new'
complete -c seamfs -n '__seamfs_verb tool; and __fish_seen_subcommand_from test login hook' -a '(__seamfs_tools)'
complete -c seamfs -n '__seamfs_verb tool; and __fish_seen_subcommand_from test; and not __seamfs_words 2' -a "$types"
complete -c seamfs -n '__seamfs_verb tool; and __fish_seen_subcommand_from check new' -F
complete -c seamfs -n '__seamfs_verb tool; and __fish_seen_subcommand_from add' -a '(seamfs tool add 2>/dev/null | string replace -r "^(\S+) +" "\$1\t")'
complete -c seamfs -n '__seamfs_verb tool; and __fish_seen_subcommand_from add login' -l paste -d 'The browser is on another machine'
complete -c seamfs -n '__seamfs_verb tool; and __fish_seen_subcommand_from add test' -l yes -d 'Do not ask'
complete -c seamfs -n '__seamfs_verb review' -l yes -d 'All tools are in order'
complete -c seamfs -n '__seamfs_verb tool; and __fish_seen_subcommand_from add' -l name -x -d 'What the tool is called'
complete -c seamfs -n '__seamfs_verb tool; and __fish_seen_subcommand_from add' -l set -x -d 'An answer, KEY=VALUE'
complete -c seamfs -n '__seamfs_verb tool; and __fish_seen_subcommand_from add' -l owner -x -a "$types none" -d 'Types that it is to own'
complete -c seamfs -n '__seamfs_verb tool; and __fish_seen_subcommand_from add' -l secret-file -d 'Keep secrets in private files'
complete -c seamfs -n '__seamfs_verb tool; and __fish_seen_subcommand_from add' -l secret-tool -d 'Keep secrets in the keyring'
complete -c seamfs -n '__seamfs_verb tool; and __fish_seen_subcommand_from add' -l pass -d 'Keep secrets in pass'
complete -c seamfs -n '__seamfs_verb tool; and __fish_seen_subcommand_from new' -l name -x -d 'What the connector is called'
complete -c seamfs -n '__seamfs_verb tool; and __fish_seen_subcommand_from new' -l type -x -a 'client= contact= deal= quote= invoice= payment= project= task= time=' -d 'Where a type is'
complete -c seamfs -n '__seamfs_verb tool; and __fish_seen_subcommand_from new' -s o -l output -r -F -d 'A new file for the draft'
