using System.Diagnostics;
using Relaybox.Local.Running;

namespace Relaybox.Local.Demo;

/// <summary>Writes the orders, waits until every event has its effect and everything is quiet, and reads the result.</summary>
internal sealed class DemoRun(LocalRunner runner, IDemoApp app, DemoOptions options, ProgressLine progress, TimeProvider time)
{
    // Progress is read from whole tables; the emulator's time belongs to the orders.
    private const int PauseForReading = 20;

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(400);

    private readonly OrderWriter _writer = new(app, time, options.PayloadBytes);

    private int DuplicatesInjected => runner.Sources.StreamDuplicates.Injected + runner.Sources.QueueDuplicates.Injected;

    public async Task<DemoSummary> RunAsync(CancellationToken cancellationToken)
    {
        await app.PrepareAsync(cancellationToken);
        var writing = _writer.WriteAsync(options.Count, options.Rate, options.Writers, cancellationToken);
        await WaitUntilQuietAsync(writing, cancellationToken);
        if (_writer.Failed > 0)
        {
            progress.Say($"{_writer.Failed} transactions were refused; their orders do not exist and do not count.");
        }

        await MetricsSettleAsync(cancellationToken);
        return DemoSummary.Create(
            await app.ReadOrdersAsync(cancellationToken),
            await app.ReadOutboxAsync(cancellationToken),
            await app.ReadEffectsAsync(cancellationToken),
            (int)runner.Metrics.Sum("MessagesReceived"),
            DuplicatesInjected,
            (int)runner.Metrics.Sum("DuplicatesSuppressed")) with { Reservations = runner.Servers.Reservations };
    }

    private async Task WaitUntilQuietAsync(Task writing, CancellationToken cancellationToken)
    {
        var unchanged = Stopwatch.StartNew();
        DemoProgress? last = null;
        while (true)
        {
            var reading = Stopwatch.StartNew();
            var now = await ReadProgressAsync(cancellationToken);
            var pause = reading.Elapsed * PauseForReading;
            progress.Update(now.ToText(options.Count));
            if (writing.IsCompleted)
            {
                await writing;
                if (IsQuiet(now))
                {
                    return;
                }
            }

            if (now != last)
            {
                last = now;
                unchanged.Restart();
            }
            else if (unchanged.Elapsed > options.StallTimeout)
            {
                progress.Say($"Nothing has changed for {options.StallTimeout.TotalSeconds} s. {Missing(now)}");
                return;
            }

            await Task.Delay(pause > PollInterval ? pause : PollInterval, time, cancellationToken);
        }
    }

    private async Task<DemoProgress> ReadProgressAsync(CancellationToken cancellationToken) => new(
        _writer.Written.Count,
        await app.CountSentAsync(cancellationToken),
        await app.CountEffectsAsync(cancellationToken),
        await runner.Sources.CountWaitingAsync(cancellationToken),
        DuplicatesInjected);

    private bool IsQuiet(DemoProgress now) =>
        now.Sent >= now.Written && now.Effects >= now.Written && now.Waiting == 0 && !runner.Sources.HasPendingDuplicates;

    private static string Missing(DemoProgress now) =>
        $"Missing: {now.Written - now.Sent} rows are not sent, "
        + $"{now.Written - now.Effects} events have no effect, {now.Waiting} messages are in the queue.";

    // A function prints its metrics before it answers, but its output takes another way than its answer.
    private async Task MetricsSettleAsync(CancellationToken cancellationToken)
    {
        double before;
        do
        {
            before = runner.Metrics.Sum("MessagesReceived");
            await Task.Delay(PollInterval, time, cancellationToken);
        }
        while (runner.Metrics.Sum("MessagesReceived") != before);
    }
}
