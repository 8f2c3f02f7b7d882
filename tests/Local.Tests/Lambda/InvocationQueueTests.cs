using Relaybox.Local.Lambda;

namespace Relaybox.Local.Tests.Lambda;

public sealed class InvocationQueueTests
{
    private readonly InvocationQueue _queue = new();

    [Fact]
    public async Task Events_wait_for_a_worker_and_are_given_in_their_order()
    {
        var (first, second) = (Event(), Event());
        _queue.Add(first);
        _queue.Add(second);
        Assert.Same(first, await _queue.TakeAsync(CancellationToken.None));
        Assert.Same(second, await _queue.TakeAsync(CancellationToken.None));
    }

    [Fact]
    public async Task An_event_goes_to_the_worker_that_asked_last()
    {
        var cold = _queue.TakeAsync(CancellationToken.None);
        var warm = _queue.TakeAsync(CancellationToken.None);
        var (first, second) = (Event(), Event());
        _queue.Add(first);
        Assert.False(cold.IsCompleted);
        Assert.True(warm.IsCompleted);
        Assert.Same(first, await warm);
        _queue.Add(second);
        Assert.Same(second, await cold);
    }

    [Fact]
    public async Task A_worker_that_has_gone_gets_nothing_and_the_event_goes_to_another()
    {
        using var gone = new CancellationTokenSource();
        var other = _queue.TakeAsync(CancellationToken.None);
        var waiting = _queue.TakeAsync(gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        var invocation = Event();
        _queue.Add(invocation);
        Assert.True(other.IsCompleted);
        Assert.Same(invocation, await other);
    }

    [Fact]
    public async Task Of_events_and_leaving_workers_at_once_no_event_is_lost()
    {
        for (var round = 0; round < 500; round++)
        {
            using var gone = new CancellationTokenSource();
            var waiting = _queue.TakeAsync(gone.Token);
            var invocation = Event();
            await Task.WhenAll(Task.Run(gone.Cancel, CancellationToken.None), Task.Run(() => _queue.Add(invocation), CancellationToken.None));
            await Task.WhenAny(waiting);
            Assert.Same(invocation, waiting.IsCanceled ? _queue.TryTake() : await waiting);
            Assert.Null(_queue.TryTake());
        }
    }

    private static Invocation Event() => Invocation.Create(ReadOnlyMemory<byte>.Empty, DateTimeOffset.UnixEpoch);
}
