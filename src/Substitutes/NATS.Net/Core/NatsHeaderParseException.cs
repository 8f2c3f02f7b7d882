namespace NATS.Client.Core;

public class NatsHeaderParseException(byte[] rawData, Exception inner) : NatsException("Exception parsing headers", inner)
{
    public byte[] RawData { get; } = rawData;
}
