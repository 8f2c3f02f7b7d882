namespace Relaybox.Redis;

/// <summary>A condition of the app's does not hold. Nothing was written, neither the app's data nor an event.</summary>
/// <param name="condition">The condition.</param>
public sealed class RedisConditionException(RedisCondition condition) : InvalidOperationException(
    $"The condition '{condition}' does not hold; nothing was written.")
{
    /// <summary>The condition.</summary>
    public RedisCondition Condition { get; } = condition;
}
