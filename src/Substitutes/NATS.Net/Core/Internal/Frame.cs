namespace NATS.Client.Core.Internal;

/// <summary>One operation of the server. Its parts point into the read buffer, and end with the next read.</summary>
internal ref struct Frame
{
    internal FrameKind Kind;

    /// <summary>The id of the subscription that a message came for.</summary>
    internal long Sid;

    internal ReadOnlySpan<byte> Subject;

    /// <summary>Empty: there is none.</summary>
    internal ReadOnlySpan<byte> ReplyTo;

    /// <summary>The header block with its first line; empty: there is none.</summary>
    internal ReadOnlySpan<byte> Headers;

    /// <summary>The payload of a message, the JSON of an INFO, the text of an error.</summary>
    internal ReadOnlySpan<byte> Payload;
}
