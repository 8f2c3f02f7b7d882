using Microsoft.Extensions.Logging;
using NATS.Client.Core;
using Relaybox.Diagnostics;

namespace Relaybox.Nats;

/// <summary>Tells the server, while handlers run, that their messages are worked on, so that it does not deliver them again.</summary>
internal sealed class NatsProgress : IAsyncDisposable
{
    private readonly CancellationTokenSource _done = new();
    private readonly Task _task;

    internal NatsProgress(IReadOnlyList<PulledMessage> messages, TimeSpan interval, TimeProvider time, ILogger logger) =>
        _task = RunAsync(messages, interval, time, logger, _done.Token);

    public async ValueTask DisposeAsync()
    {
        await _done.CancelAsync();
        await _task;
        _done.Dispose();
    }

    private static async Task RunAsync(
        IReadOnlyList<PulledMessage> messages, TimeSpan interval, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        try
        {
            using var timer = new PeriodicTimer(interval, time);
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                foreach (var pulled in messages)
                {
                    if (!pulled.IsSettled)
                    {
                        await pulled.Message.AckProgressAsync(cancellationToken: cancellationToken);
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
            // All are answered.
        }
        catch (Exception e) when (e is NatsException or ObjectDisposedException)
        {
            // They come again; the inbox tells those copies to wait.
            Log.ProgressLost(logger, e.GetType().Name);
        }
    }
}
