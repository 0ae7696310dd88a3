# Completion of nodectl(1) for bash.

_nodectl_ids() {
    nodectl "${_nodectl_where[@]}" nodes 2>/dev/null | sed '1d; s/ .*//'
}

_nodectl_roles() {
    nodectl "${_nodectl_where[@]}" profile list 2>/dev/null | sed '1d; s/ .*//'
}

_nodectl() {
    local cur prev words cword
    local global='--output --state-dir --socket --config --degraded-after --missed-heartbeats --offline-after
        --forget-after --no-detect --ollama-url --log-level --log-format --check-config --print-config --help --version'
    local commands='status nodes node peers records verify profile heartbeats log watch invite leave maintenance drain
        doctor describe bootstrap backup restore'
    local -A options=(
        [nodes]='--role --label --status --limit --offset'
        [records]='--raw --evidence'
        [heartbeats]='--limit --since'
        [log]='--limit --since --follow'
        [invite]='--seed'
        [maintenance]='--node'
        [drain]='--node'
        [restore]='--force'
        [describe]='--no-checks'
        [bootstrap]='--role --labels --registry-url --token --keep-alive --interval --node-id --hostname --ip --metadata
            --key --dry-run'
    )
    local -a _nodectl_where=()
    local i command='' at=0

    cur=${COMP_WORDS[COMP_CWORD]}
    prev=${COMP_WORDS[COMP_CWORD - 1]}
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        --state-dir | --socket | --config)
            _nodectl_where+=("${COMP_WORDS[i]}" "${COMP_WORDS[i + 1]}")
            ((i++))
            ;;
        -o | --output | --*-after | --missed-heartbeats | --no-detect | --ollama-url | --log-level | --log-format) ((i++)) ;;
        -*) ;;
        *)
            if [[ -z $command ]]; then
                command=${COMP_WORDS[i]}
                at=$i
            fi
            ;;
        esac
    done

    case $prev in
    -o | --output) COMPREPLY=($(compgen -W 'table json wide' -- "$cur")) && return ;;
    --status) COMPREPLY=($(compgen -W 'online degraded offline maintenance draining left' -- "$cur")) && return ;;
    --log-level) COMPREPLY=($(compgen -W 'error warning info debug' -- "$cur")) && return ;;
    --no-detect) COMPREPLY=($(compgen -W 'system disks gpu docker ollama load all' -- "$cur")) && return ;;
    --log-format) COMPREPLY=($(compgen -W 'text json' -- "$cur")) && return ;;
    --node) COMPREPLY=($(compgen -W "$(_nodectl_ids)" -- "$cur")) && return ;;
    --token | --key) COMPREPLY=($(compgen -f -- "$cur")) && return ;;
    --labels | --registry-url | --interval | --node-id | --hostname | --ip | --metadata) return ;;
    --state-dir) COMPREPLY=($(compgen -d -- "$cur")) && return ;;
    --socket | --config) COMPREPLY=($(compgen -f -- "$cur")) && return ;;
    --role) COMPREPLY=($(compgen -W "$(_nodectl_roles)" -- "$cur")) && return ;;
    --label | --limit | --offset | --since | --seed | --*-after | --missed-heartbeats | --ollama-url) return ;;
    esac

    if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "$global ${command:+${options[$command]}}" -- "$cur"))
        return
    fi
    case $command in
    '') COMPREPLY=($(compgen -W "$commands" -- "$cur")) ;;
    node | records | heartbeats) COMPREPLY=($(compgen -W "$(_nodectl_ids)" -- "$cur")) ;;
    maintenance | drain) COMPREPLY=($(compgen -W 'on off' -- "$cur")) ;;
    backup | restore) COMPREPLY=($(compgen -f -- "$cur")) ;;
    profile)
        case $((COMP_CWORD - at)):${COMP_WORDS[at + 1]} in
        1:*) COMPREPLY=($(compgen -W 'get set list delete' -- "$cur")) ;;
        2:get | 2:set | 2:delete) COMPREPLY=($(compgen -W "$(_nodectl_roles)" -- "$cur")) ;;
        3:set) COMPREPLY=($(compgen -f -- "$cur")) ;;
        esac
        ;;
    esac
}

complete -o filenames -F _nodectl nodectl
