using Batching.Cli.Input;

namespace Batching.Cli.Tests.Input;

public sealed class ShellWordsTests
{
    [Theory]
    [InlineData("", new string[0])]
    [InlineData("  a  b\tc ", new[] { "a", "b", "c" })]
    [InlineData("'a b' \"c d\" e\\ f", new[] { "a b", "c d", "e f" })]
    [InlineData("a'b'\"c\"d ''", new[] { "abcd", "" })]
    [InlineData("\"\\\"\\\\\\n\\$\"", new[] { "\"\\\\n$" })]
    [InlineData("$'it\\'s\\n\\u00fc\\x41'", new[] { "it's\nüA" })]
    [InlineData("'$x `y`'", new[] { "$x `y`" })]
    [InlineData("a \\\n b", new[] { "a", "b" })]
    public void Split_Commands_GivesTheWordsOfAShell(string command, string[] expected) =>
        Assert.Equal(expected, ShellWords.Split(command));

    [Theory]
    [InlineData("'a")]
    [InlineData("\"a")]
    [InlineData("$'a")]
    [InlineData("a | b")]
    [InlineData("a > b")]
    [InlineData("a; b")]
    [InlineData("a $b")]
    [InlineData("\"$b\"")]
    [InlineData("\"`b`\"")]
    public void Split_WhatOnlyAShellCanDo_IsRefused(string command) =>
        Assert.Throws<FormatException>(() => ShellWords.Split(command));
}
