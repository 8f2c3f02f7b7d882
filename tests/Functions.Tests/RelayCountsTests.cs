using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Relaybox.Functions.Hosting;
using Relaybox.Functions.Relay;
using Relaybox.Outbox.Relay;
using Relaybox.Testing;

namespace Relaybox.Functions.Tests;

/// <summary>What a relay that is woken often did is told once a second, and nothing of it is left out or told twice.</summary>
public sealed class RelayCountsTests : IDisposable
{
    private readonly FakeTimeProvider _clock = new();
    private readonly MemoryStream _lines = new();
    private readonly RelayCounts _counts;

    public RelayCountsTests() => _counts = new RelayCounts(new MetricsWriter("SweepRelay", "test", _clock, new JsonLines(_lines)), _clock);

    private int[] Sent =>
    [
        .. Encoding.UTF8.GetString(_lines.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("RowsSent").GetInt32()),
    ];

    public void Dispose() => _lines.Dispose();

    [Fact]
    public void What_comes_within_a_second_is_written_together_when_the_second_is_over()
    {
        _counts.Gather(new RelayResult { Sent = 2 });
        _clock.Advance(TimeSpan.FromMilliseconds(400));
        _counts.Gather(new RelayResult { Sent = 3, Retried = 1 });
        Assert.Empty(Sent);
        Assert.Equal(TimeSpan.FromMilliseconds(600), _counts.Left);

        // A drain that found nothing lets the time be noticed.
        _clock.Advance(TimeSpan.FromMilliseconds(600));
        Assert.Equal(TimeSpan.Zero, _counts.Left);
        _counts.Gather(new RelayResult());
        Assert.Equal([5], Sent);

        // The next second begins with what comes next.
        _clock.Advance(TimeSpan.FromMinutes(1));
        _counts.Gather(new RelayResult { Parked = 1 });
        Assert.Equal([5], Sent);
        Assert.Equal(TimeSpan.FromSeconds(1), _counts.Left);
    }

    [Fact]
    public void What_is_gathered_can_be_written_at_once_and_is_written_once()
    {
        _counts.Gather(new RelayResult { Sent = 1 });
        _counts.WriteGathered();
        _counts.WriteGathered();
        _clock.Advance(TimeSpan.FromMinutes(1));
        _counts.Gather(new RelayResult());
        Assert.Equal([1], Sent);
    }

    [Fact]
    public void Where_nothing_was_done_nothing_is_written_and_nothing_waits()
    {
        _counts.Gather(new RelayResult());
        _counts.WriteGathered();
        Assert.Empty(Sent);
        Assert.Equal(TimeSpan.MaxValue, _counts.Left);
    }

    [Theory]
    [InlineData(nameof(RelayResult.Sent))]
    [InlineData(nameof(RelayResult.Retried))]
    [InlineData(nameof(RelayResult.Parked))]
    [InlineData(nameof(RelayResult.Late))]
    public void Whatever_became_of_a_row_is_written(string what)
    {
        _counts.Gather(what switch
        {
            nameof(RelayResult.Sent) => new RelayResult { Sent = 1 },
            nameof(RelayResult.Retried) => new RelayResult { Retried = 1 },
            nameof(RelayResult.Parked) => new RelayResult { Parked = 1 },
            _ => new RelayResult { Late = 1 },
        });
        _counts.WriteGathered();
        Assert.Contains($"\"Rows{what}\":1,", Encoding.UTF8.GetString(_lines.ToArray()), StringComparison.Ordinal);
    }
}
