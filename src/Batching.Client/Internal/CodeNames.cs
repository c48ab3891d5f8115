using System.Text;
using Google.Rpc;

namespace Batching.Client.Internal;

/// <summary>The names of status codes as the contract writes them.</summary>
internal static class CodeNames
{
    /// <summary>Such as <c>INVALID_ARGUMENT</c>.</summary>
    public static string Of(int code)
    {
        var name = ((Code)code).ToString();
        var text = new StringBuilder(name.Length + 4);
        foreach (var letter in name)
        {
            if (char.IsUpper(letter) && text.Length > 0)
            {
                text.Append('_');
            }

            text.Append(char.ToUpperInvariant(letter));
        }

        return text.ToString();
    }
}
