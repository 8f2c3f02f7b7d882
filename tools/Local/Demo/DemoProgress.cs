namespace Relaybox.Local.Demo;

/// <summary>Where the demo stands.</summary>
/// <param name="Waiting">Messages in the queue.</param>
internal sealed record DemoProgress(int Written, int Sent, int Effects, int Waiting, int DuplicatesInjected)
{
    public string ToText(int count) =>
        $"written {Written}/{count}  sent {Sent}  effects {Effects}  in the queue {Waiting}  duplicates injected {DuplicatesInjected}";
}
