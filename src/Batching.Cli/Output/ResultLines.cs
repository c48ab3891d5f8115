using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Batching.Client;

namespace Batching.Cli.Output;

/// <summary>Writes results as JSON lines, in the words of the REST path v0.</summary>
internal sealed class ResultLines(Stream output, OutputShape shape) : IResultWriter
{
    private static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    private readonly ArrayBufferWriter<byte> _line = new();

    public string? Problem => null;

    public async ValueTask WriteAsync(BatchResult result, CancellationToken cancellationToken)
    {
        _line.ResetWrittenCount();
        using (var json = new Utf8JsonWriter(_line, WriterOptions))
        {
            Write(json, result);
        }

        _line.Write("\n"u8);
        await output.WriteAsync(_line.WrittenMemory, cancellationToken);
    }

    // It begins with the position: a run that goes on looks for that.
    private void Write(Utf8JsonWriter json, BatchResult result)
    {
        var request = result.Request;
        json.WriteStartObject();
        json.WriteNumber("position"u8, result.Position);
        json.WriteNumber("index"u8, result.Index);
        json.WriteString("id"u8, result.Id);
        if (request.Key.Length > 0)
        {
            json.WriteString("key"u8, request.Key);
        }

        json.WriteString("spawnedBy"u8, result.SpawnedBy);
        json.WriteString("path"u8, request.Path);
        json.WriteString("method"u8, request.Method);
        if (request.ParamsJson.Length > 0)
        {
            json.WritePropertyName("params"u8);
            ResponseJson.WriteRaw(json, Encoding.UTF8.GetBytes(request.ParamsJson));
        }
        else if (request.Params is not null)
        {
            json.WritePropertyName("params"u8);
            ResponseJson.WriteRaw(json, Encoding.UTF8.GetBytes(Google.Protobuf.JsonFormatter.Default.Format(request.Params)));
        }

        ResponseJson.Write(json, result, shape.Headers);
        json.WriteEndObject();
    }
}
