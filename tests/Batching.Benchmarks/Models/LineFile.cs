using System.Globalization;
using System.Text;
using Batching.V1;
using Google.Protobuf;

namespace Batching.Benchmarks.Models;

/// <summary>
/// The requests of a batch of chat completions, each a line of 2 KiB: as the form in which OpenAI's clients upload their file, and as the
/// messages of <c>UploadBatch</c>.
/// </summary>
internal sealed class LineFile
{
    private const int LineBytes = 2 * 1024;
    private const int PerMessage = 100;
    private const string Path = "/v1/chat/completions";
    private const string Boundary = "form-of-the-figure";

    private LineFile(byte[] form, IReadOnlyList<UploadBatchRequest> messages)
    {
        Form = form;
        Messages = messages;
    }

    public static string ContentType => $"multipart/form-data; boundary={Boundary}";

    public byte[] Form { get; }

    public IReadOnlyList<UploadBatchRequest> Messages { get; }

    public static LineFile Of(int lines)
    {
        using var form = new MemoryStream();
        form.Write(Encoding.ASCII.GetBytes(
            $"--{Boundary}\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--{Boundary}\r\n"
            + "Content-Disposition: form-data; name=\"file\"; filename=\"in.jsonl\"\r\nContent-Type: application/octet-stream\r\n\r\n"));
        var messages = new List<UploadBatchRequest>();
        for (var i = 0; i < lines; i++)
        {
            if (i % PerMessage == 0)
            {
                messages.Add(new UploadBatchRequest());
            }

            var key = string.Create(CultureInfo.InvariantCulture, $"request-{i:D8}");
            var start = $$"""{"custom_id":"{{key}}","method":"POST","url":"{{Path}}","body":""";
            const string BodyStart = """{"model":"tiny","messages":[{"role":"user","content":" """;
            var body = $$"""{{BodyStart}}{{new string('y', LineBytes - start.Length - BodyStart.Length - 6)}}"}]}""";
            form.Write(Encoding.ASCII.GetBytes($"{start}{body}}}\n"));
            messages[^1].Requests.Add(new Request { Path = Path, Method = "POST", Key = key, Body = ByteString.CopyFromUtf8(body) });
        }

        form.Write(Encoding.ASCII.GetBytes($"\r\n--{Boundary}--\r\n"));
        return new LineFile(form.ToArray(), messages);
    }
}
