namespace NATS.Client.Core.Internal;

/// <summary>Makes of a reply's payload what its requester wants. It runs where the socket is read, and gets bytes that end with it.</summary>
internal delegate object? ReplyReader(ReadOnlySpan<byte> payload);
