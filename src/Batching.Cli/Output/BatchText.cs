using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Batching.V1;
using Google.Protobuf.WellKnownTypes;

namespace Batching.Cli.Output;

/// <summary>Shows batches.</summary>
internal static class BatchText
{
    /// <summary>In JSON, in the words of the REST path v0.</summary>
    public static string ToJson(Batch batch)
    {
        var output = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteString("id"u8, batch.Id);
            json.WriteString("state"u8, StateOf(batch));
            json.WriteNumber("created"u8, batch.CreateTime.Seconds);
            WriteTime(json, "done"u8, batch.DoneTime);
            WriteTime(json, "expires"u8, batch.ExpireTime);
            json.WriteNumber("totalRequests"u8, batch.TotalRequests);
            json.WriteNumber("runningRequests"u8, batch.RunningRequests);
            json.WriteNumber("failedRequests"u8, batch.FailedRequests);
            json.WriteNumber("responseSize"u8, batch.ResponseSize);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    /// <summary>The names of the columns that <see cref="ToRow"/> has.</summary>
    public static string Header => $"{"ID",-16}  {"STATE",-9}  {"ACCEPTED (UTC)",-19}  {"DONE",10}  {"OF",10}  {"FAILED",8}  {"BYTES",14}";

    /// <summary>On a line.</summary>
    public static string ToRow(Batch batch) => string.Create(
        CultureInfo.InvariantCulture,
        $"{batch.Id}  {StateOf(batch),-9}  {batch.CreateTime.ToDateTime():yyyy-MM-dd HH:mm:ss}  {batch.TotalRequests - batch.RunningRequests,10:N0}  {batch.TotalRequests,10:N0}  {batch.FailedRequests,8:N0}  {batch.ResponseSize,14:N0}");

    private static string StateOf(Batch batch) => batch.State.ToString().ToUpperInvariant();

    private static void WriteTime(Utf8JsonWriter json, ReadOnlySpan<byte> name, Timestamp? time)
    {
        if (time is null)
        {
            json.WriteNull(name);
        }
        else
        {
            json.WriteNumber(name, time.Seconds);
        }
    }
}
