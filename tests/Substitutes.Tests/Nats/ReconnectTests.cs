using System.Collections.Concurrent;
using System.Diagnostics;
using NATS.Client.Core;
using Relaybox.Testing;

namespace Relaybox.Substitutes.Tests.Nats;

/// <summary>
/// A lost connection is tried again and again, ever less often. Attempts are counted where they arrive, and compared with the
/// least time that must have passed: a machine that is busy makes it longer, never shorter.
/// </summary>
public class ReconnectTests
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(60);

    [Fact]
    public async Task Attempts_follow_each_other_at_once_first_and_then_after_waits_that_double()
    {
        await using var server = new UnfaithfulServer();
        await using var connection = Connect(server, longest: TimeSpan.FromMinutes(1));
        await server.LoseAsync(connection);
        await server.AttemptsAsync(7);

        // 0, then 1, 2, 4, 8 and 16 times the shortest wait after one another.
        server.AssertNotBefore([0, 0, 1, 3, 7, 15, 31], Shortest);
        Assert.Equal(NatsConnectionState.Reconnecting, connection.ConnectionState);
    }

    [Fact]
    public async Task Waits_do_not_grow_beyond_the_longest()
    {
        await using var server = new UnfaithfulServer();
        await using var connection = Connect(server, longest: Shortest * 2);
        await server.LoseAsync(connection);

        // Doubling on, the last of these would come after more than 8 minutes.
        await server.AttemptsAsync(16);
        server.AssertNotBefore([0, 0, 1, 3, 5, 7, 9, 11], Shortest);
    }

    [Fact]
    public async Task Each_attempt_that_fails_is_told_and_however_many_have_failed_the_next_one_may_succeed()
    {
        await using var server = new UnfaithfulServer(refused: 12);
        await using var connection = Connect(server, longest: TimeSpan.FromMilliseconds(5), shortest: TimeSpan.FromMilliseconds(1));
        var failed = 0;
        connection.ReconnectFailed += (_, _) =>
        {
            Interlocked.Increment(ref failed);
            return ValueTask.CompletedTask;
        };
        await server.LoseAsync(connection);
        await server.AttemptsAsync(2);
        await connection.ConnectAsync();
        Assert.Equal(NatsConnectionState.Open, connection.ConnectionState);
        Assert.Equal(1 + 12 + 1, server.Attempts);
        await Eventually.TrueAsync(() => Volatile.Read(ref failed) == 12, "a note of each failure");
    }

    [Fact]
    public async Task After_as_many_attempts_as_are_allowed_it_is_given_up_and_whoever_waits_is_told()
    {
        await using var server = new UnfaithfulServer();
        await using var connection = Connect(
            server, longest: TimeSpan.FromMilliseconds(5), shortest: TimeSpan.FromMilliseconds(1), o => o with { MaxReconnectRetry = 4 });
        await server.LoseAsync(connection);
        await Eventually.TrueAsync(() => connection.ConnectionState == NatsConnectionState.Closed, "the end of the attempts");
        Assert.Equal(1 + 4, server.Attempts);
    }

    private static NatsConnection Connect(
        UnfaithfulServer server, TimeSpan longest, TimeSpan? shortest = null, Func<NatsOpts, NatsOpts>? configure = null) =>
        Streams.Connect(server.Url, o =>
        {
            var opts = o with { ReconnectWaitMin = shortest ?? Shortest, ReconnectWaitMax = longest, ReconnectJitter = TimeSpan.Zero };
            return configure is null ? opts : configure(opts);
        });

    /// <summary>Ends the first connection when a test says so, refuses those after it, and notes when each came.</summary>
    private sealed class UnfaithfulServer(int refused = int.MaxValue) : IAsyncDisposable
    {
        private readonly ConcurrentQueue<TimeSpan> _attempts = new();
        private readonly Stopwatch _clock = new();
        private readonly TaskCompletionSource _losing = new(TaskCreationOptions.RunContinuationsAsynchronously);

        private ScriptedNats Server => field ??= new ScriptedNats(AnswerAsync);

        internal string Url => Server.Url;

        internal int Attempts => _attempts.Count;

        /// <summary>Connects, and ends the connection: from here on time is measured.</summary>
        internal async Task LoseAsync(NatsConnection connection)
        {
            await connection.ConnectAsync();
            _clock.Restart();
            _losing.SetResult();
        }

        internal Task AttemptsAsync(int count) => Eventually.TrueAsync(() => _attempts.Count >= count, $"{count} attempts, with the first");

        /// <summary>That no attempt came earlier after the loss than so many times a wait.</summary>
        internal void AssertNotBefore(int[] waits, TimeSpan wait)
        {
            // The system's timers may be a tick early.
            var slack = TimeSpan.FromMilliseconds(20);
            Assert.All(waits.Zip(_attempts), pair => Assert.True(
                pair.Second + slack >= pair.First * wait, $"An attempt came {pair.Second.TotalMilliseconds:F0} ms after the loss, not {(pair.First * wait).TotalMilliseconds:F0} or more."));
        }

        public ValueTask DisposeAsync() => Server.DisposeAsync();

        private async Task AnswerAsync(ScriptedNats.Peer peer)
        {
            _attempts.Enqueue(_clock.Elapsed);
            var number = _attempts.Count;
            if (number > 1 && number <= 1 + (long)refused)
            {
                return;
            }

            await peer.GreetAsync();
            if (number == 1)
            {
                await _losing.Task;
            }
            else
            {
                await peer.ReadPublishAsync();
            }
        }
    }
}
