using System.CommandLine;

namespace Batching.Cli.Commands;

/// <summary>The argument that names a batch.</summary>
internal static class BatchIdArgument
{
    private const int Digits = 16;

    /// <summary>One that names one batch.</summary>
    public static Argument<string> Create()
    {
        var argument = new Argument<string>("ID") { Description = "The id of the batch: 16 digits." };
        argument.Validators.Add(result => Check(result.Tokens, result.AddError));
        return argument;
    }

    /// <summary>One that names one batch or more.</summary>
    public static Argument<string[]> CreateMany()
    {
        var argument = new Argument<string[]>("ID")
        {
            Description = "The ids of batches: 16 digits each.",
            Arity = ArgumentArity.OneOrMore,
        };
        argument.Validators.Add(result => Check(result.Tokens, result.AddError));
        return argument;
    }

    private static void Check(IEnumerable<System.CommandLine.Parsing.Token> tokens, Action<string> addError)
    {
        foreach (var token in tokens.Where(token => token.Value.Length != Digits || !token.Value.All(char.IsAsciiDigit)))
        {
            addError($"{token.Value} is no id of a batch, which has {Digits} digits.");
        }
    }
}
