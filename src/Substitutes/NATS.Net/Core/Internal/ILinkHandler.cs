namespace NATS.Client.Core.Internal;

/// <summary>Gets what a link receives. All but <see cref="OnClosed"/> is called by the link's reader, one call at a time.</summary>
internal interface ILinkHandler
{
    void OnMessage(in Frame frame);

    void OnInfo(ServerInfo info);

    /// <summary>The server reports an error. Most end the connection; a violated permission does not.</summary>
    void OnServerError(NatsServerException error);

    /// <summary>The link is of no use any more. Called once.</summary>
    void OnClosed(ServerLink link, Exception reason);
}
