# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# fish completion for compatcaps-trace, compatcaps_probe and decode_bitmap. The words come from the program itself
# (src/lib/complete.h describes the protocol); fish compares them with what was typed, and quotes them.
#
# Processes and guests of other users choose some of these words. None may reach an expansion.

# Prints the fields of the program's answer, each with a NUL after it.
function __compatcaps_fields
    set -l words (commandline -opc)
    # Never a program that only lies in the current directory.
    set -l program (command -s -- (string replace -r '.*/' '' -- $words[1])); or return
    command $program --complete $words[2..] (commandline -ct) 2>/dev/null
end

# Is this what the program leaves to the shell?
function __compatcaps_wants
    set -l fields (__compatcaps_fields | string split0)
    string match -q -- "$argv[1]*" "$fields[1]"
end

# Files here by names that cannot be options: fish itself would complete "--force".
function __compatcaps_files
    for file in *
        test -d ./$file; and set file $file/
        string join0 -- (string replace -r '^-' './-' -- $file | string collect)
    end
end

function __compatcaps_words
    set -l fields (__compatcaps_fields | string split0)
    set -l word (commandline -ct)
    set -l head (string match -r -- '^--[^=]*=' $word)
    set -l answer
    for i in (seq 2 2 (count $fields))
        # A description follows the tab: a word with one in it cannot be offered.
        string match -q -- '*'\t'*' $fields[$i]; and continue
        set -a answer "$head$fields[$i]"\t$fields[(math $i + 1)]
    end
    test "$fields[1]" = files -a -z "$word"; and set -a answer (__compatcaps_files | string split0)
    # Not by lines: a word may have more than one.
    string join0 -- $answer | string split0
end

# The command's own completion, which gets its words quoted again.
function __compatcaps_command
    set -l fields (__compatcaps_fields | string split0)
    set -l words (commandline -opc)
    set -l first (math (string replace 'command ' '' -- $fields[1]) + 2)
    complete -C (string join ' ' -- (string escape -- $words[$first..]) (commandline -ct))
end

for program in compatcaps-trace compatcaps_probe decode_bitmap
    complete -c $program -f -a '(__compatcaps_words)'
    complete -c $program -n '__compatcaps_wants files; and test -n (commandline -ct | string collect -a)' -F
    complete -c $program -n '__compatcaps_wants directories' -f -a '(__fish_complete_directories)'
    complete -c $program -n '__compatcaps_wants command' -f -a '(__compatcaps_command)'
end
