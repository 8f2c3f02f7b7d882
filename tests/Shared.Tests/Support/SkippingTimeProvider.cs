namespace Relaybox.Shared.Tests.Support;

/// <summary>The machine's clock, which a test can move ahead: leases and retentions end without anybody waiting for them.</summary>
public sealed class SkippingTimeProvider : TimeProvider
{
    private long skippedTicks;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + new TimeSpan(Interlocked.Read(ref skippedTicks));

    public void Skip(TimeSpan time) => Interlocked.Add(ref skippedTicks, time.Ticks);
}
