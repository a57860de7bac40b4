# The service: docker build -t segprobe . && docker run -p 8080:8080 -e SEGPROBE_API_KEY=… segprobe
FROM node:22-bookworm-slim
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev && npm cache clean --force
COPY bin bin
COPY src src
COPY models models
COPY tsconfig.base.json ./
# The page is built here once; evaluations and uploads are kept in /data.
RUN mkdir dist /data && chown node dist /data
USER node
ENV SEGPROBE_HOST=0.0.0.0 SEGPROBE_STORE=/data/evaluations.db SEGPROBE_UPLOADS=/data/uploads
VOLUME /data
EXPOSE 8080
HEALTHCHECK CMD ["node", "-e", "fetch('http://127.0.0.1:8080/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "bin/segprobe.js"]
CMD ["serve"]
