namespace NATS.Client.JetStream;

public class NatsJSProtocolException : NatsJSException
{
    internal NatsJSProtocolException(int headerCode, string headerMessageText)
        : base($"JetStream server error: {headerCode} {headerMessageText}")
    {
        HeaderCode = headerCode;
        HeaderMessageText = headerMessageText;
    }

    public int HeaderCode { get; }

    public string HeaderMessageText { get; }
}
