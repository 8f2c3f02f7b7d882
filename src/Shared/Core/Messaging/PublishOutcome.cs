using Relaybox.Diagnostics;
using Relaybox.Events;

namespace Relaybox.Messaging;

/// <summary>What became of one message.</summary>
/// <param name="Status">The broker's answer.</param>
/// <param name="Code">One of <see cref="ErrorCodes"/>; null when accepted.</param>
/// <param name="Detail">Why, in words, without payload; null when accepted.</param>
internal readonly record struct PublishOutcome(PublishStatus Status, string? Code, string? Detail)
{
    /// <summary>The broker has the message.</summary>
    public static PublishOutcome Accepted { get; } = new(PublishStatus.Accepted, null, null);

    /// <summary>The broker has a message under this id already, and did not take this one beside it.</summary>
    public static PublishOutcome KnownCopy { get; } = Accepted with { IsKnownCopy = true };

    /// <summary>
    /// Whether the broker says that it had the id before. On a row that was tried before that is its earlier attempt; on
    /// another it may be another event under the same id.
    /// </summary>
    public bool IsKnownCopy { get; init; }

    /// <summary>The broker will never take the message.</summary>
    /// <param name="code">One of <see cref="ErrorCodes"/>.</param>
    /// <param name="detail">Why, without payload.</param>
    public static PublishOutcome Rejected(string code, string detail) =>
        new(PublishStatus.Rejected, code, ErrorText.Bound(detail));

    /// <summary>Nobody knows whether the broker has the message.</summary>
    /// <param name="detail">Why, without payload.</param>
    public static PublishOutcome Unknown(string detail) =>
        new(PublishStatus.Unknown, ErrorCodes.PublishUnknown, ErrorText.Bound(detail));

    /// <summary>The broker could not be asked.</summary>
    /// <param name="detail">Why, without payload.</param>
    public static PublishOutcome Unavailable(string detail) =>
        new(PublishStatus.Unavailable, ErrorCodes.BrokerUnavailable, ErrorText.Bound(detail));
}
