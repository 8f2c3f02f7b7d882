namespace Relaybox.Shared.Tests.Support;

/// <summary>The machine's clock, which a test can move ahead: leases and retentions end without anybody waiting for them.</summary>
public sealed class SkippingTimeProvider : TimeProvider
{
    private long _skippedTicks;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + new TimeSpan(Interlocked.Read(ref _skippedTicks));

    public void Skip(TimeSpan time) => Interlocked.Add(ref _skippedTicks, time.Ticks);
}
