namespace Relaybox.Operations;

/// <summary>What has become of something that was sent again.</summary>
/// <param name="IsOpen">Whether nothing is known yet.</param>
/// <param name="HasFailed">Whether it failed again.</param>
/// <param name="ErrorCode">With what it failed.</param>
internal readonly record struct RedriveFate(bool IsOpen, bool HasFailed, string? ErrorCode)
{
    internal static readonly RedriveFate Open = new(true, false, null);

    internal static readonly RedriveFate Succeeded = new(false, false, null);

    internal static RedriveFate FailedWith(string? errorCode) => new(false, true, errorCode);
}
