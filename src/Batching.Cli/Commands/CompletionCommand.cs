using System.CommandLine;

namespace Batching.Cli.Commands;

/// <summary><c>batch completion</c>: prints what a shell needs to complete command lines.</summary>
internal static class CompletionCommand
{
    // Each asks the command itself what may follow. It names all options where a file could be meant as well: they are
    // offered to those who have begun one, and files where nothing else fits.
    private const string Bash = """
        _batch() {
          local IFS=$'\n' found
          found=$("${COMP_WORDS[0]}" "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null)
          [[ ${COMP_WORDS[COMP_CWORD]} == -* ]] || found=$(grep -v '^-' <<< "${found}")
          COMPREPLY=($(compgen -W "${found}" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o default -F _batch batch
        """;

    private const string Zsh = """
        #compdef batch
        _batch() {
          local line="${(j: :)words[1,CURRENT]}"
          local -a found
          found=("${(@f)$("${words[1]}" "[suggest:${#line}]" "${line}" 2>/dev/null)}")
          [[ ${words[CURRENT]} == -* ]] || found=("${(@)found:#-*}")
          found=("${(@)found:#}")
          if (( ${#found} )); then
            compadd -a found || _files
          else
            _files
          fi
        }
        compdef _batch batch
        """;

    private const string Fish = """
        function __batch_complete
          set -l line (commandline -cp)
          set -l word (commandline -ct)
          set -l hidden '^$'
          string match -q -- '-*' "$word"; or set hidden '^(-.*)?$'
          set -l found (batch "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null | string match -v -r -- $hidden)
          if test (count $found) -gt 0
            printf '%s\n' $found
          else
            __fish_complete_path "$word"
          end
        end
        complete -c batch -f -a '(__batch_complete)'
        """;

    public static Command Create(SharedOptions shared)
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh or fish." };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var command = new Command("completion", "Prints a script by which a shell completes command lines: source <(batch completion bash).")
        {
            shell,
        };
        shared.SetAction(command, (context, parsed, _) =>
        {
            context.WriteLine(parsed.GetValue(shell) switch
            {
                "bash" => Bash,
                "zsh" => Zsh,
                _ => Fish,
            });
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }
}
