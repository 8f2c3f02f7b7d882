using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Relaybox.Functions.Hosting;

namespace Relaybox.Functions.Tests;

/// <summary>Metrics are lines in CloudWatch's embedded metric format, that can be found by their invocation, too.</summary>
public sealed class MetricsWriterTests : IDisposable
{
    private readonly FakeTimeProvider _clock = new();
    private readonly MemoryStream _lines = new();
    private readonly MetricsWriter _metrics;

    public MetricsWriterTests() => _metrics = new MetricsWriter("Consume", "shop", _clock, new JsonLines(_lines));

    public void Dispose() => _lines.Dispose();

    [Fact]
    public void A_report_is_one_line_of_metrics_and_words_with_the_invocations_id()
    {
        JsonLoggerProvider.BeginInvocation("r-1");
        _metrics.Report("Batch of 2 \"messages\"", ("MessagesReceived", 2, MetricsWriter.Count), ("Age", 0.5, MetricsWriter.Seconds));

        var line = Read();
        Assert.Equal("Batch of 2 \"messages\"", line.GetProperty("message").GetString());
        Assert.Equal("Information", line.GetProperty("level").GetString());
        Assert.Equal("r-1", line.GetProperty("requestId").GetString());
        Assert.Equal("Consume", line.GetProperty("function").GetString());
        Assert.Equal(2, line.GetProperty("MessagesReceived").GetInt32());
        Assert.Equal(0.5, line.GetProperty("Age").GetDouble());
        var directive = line.GetProperty("_aws");
        Assert.Equal(_clock.GetUtcNow().ToUnixTimeMilliseconds(), directive.GetProperty("Timestamp").GetInt64());
        Assert.Equal(
            """[{"Namespace":"shop","Dimensions":[["function"]],"Metrics":"""
            + """[{"Name":"MessagesReceived","Unit":"Count"},{"Name":"Age","Unit":"Seconds"}]}]""",
            directive.GetProperty("CloudWatchMetrics").GetRawText());
    }

    [Fact]
    public void Metrics_alone_have_no_words_and_outside_an_invocation_no_id()
    {
        JsonLoggerProvider.BeginInvocation(null);
        _metrics.Write(("RowsCleaned", 1, MetricsWriter.Count));
        Assert.Equal(["_aws", "function", "RowsCleaned"], Read().EnumerateObject().Select(member => member.Name));
    }

    private JsonElement Read()
    {
        var text = Encoding.UTF8.GetString(_lines.ToArray());
        Assert.Equal(text.Length - 1, text.IndexOf('\n', StringComparison.Ordinal));
        return JsonDocument.Parse(text).RootElement;
    }
}
