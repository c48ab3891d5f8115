using System.CommandLine;

namespace Batching.Cli.Commands;

/// <summary><c>batch completion</c>: prints what a shell needs to complete command lines.</summary>
internal static class CompletionCommand
{
    // Each asks the command itself what may follow.
    private const string Bash = """
        _batch() {
          local IFS=$'\n'
          COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o default -F _batch batch
        """;

    private const string Zsh = """
        #compdef batch
        _batch() {
          local -a words_found
          words_found=("${(@f)$("${words[1]}" "[suggest:${CURSOR}]" "${BUFFER}" 2>/dev/null)}")
          if (( ${#words_found} )) && [[ -n "${words_found[1]}" ]]; then
            compadd -a words_found
          else
            _files
          fi
        }
        compdef _batch batch
        """;

    private const string Fish = """
        function __batch_complete
          set -l line (commandline -cp)
          batch "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
        end
        complete -c batch -a '(__batch_complete)'
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
